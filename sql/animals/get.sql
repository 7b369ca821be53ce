-- The animals with the given ids as JSON rows, and when each last changed.
-- By animals.PRIMARY.
SELECT
  /* row: */
  id,
  updated_at,
  NOW(6) AS answered_at,
  CONCAT(
    '{"id":', id,
    ',"record":', JSON_QUOTE(record),
    ',"sex":', JSON_QUOTE(sex),
    ',"birth_date":"', birth_date, '"',
    ',"weight":', weight,
    ',"status":', JSON_QUOTE(status),
    ',"breeds_id":', breeds_id,
    ',"idFather":', COALESCE(idFather, 'null'),
    ',"idMother":', COALESCE(idMother, 'null'),
    ',"age_in_days":', DATEDIFF(%(today)s, birth_date),
    ',"age_in_months":', ROUND(DATEDIFF(%(today)s, birth_date) / 30.44),
    ',"is_adult":', IF(ROUND(DATEDIFF(%(today)s, birth_date) / 30.44) >= 12, 'true', 'false'),
    ',"created_at":"', REPLACE(created_at, ' ', 'T'), 'Z"',
    ',"updated_at":"', REPLACE(updated_at, ' ', 'T'), 'Z"',
    '}'
  ) AS data
  /* :row */
FROM animals
WHERE id IN %(ids)s
ORDER BY id;
