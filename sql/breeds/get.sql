-- The breeds with the given ids as JSON rows, and when each last changed.
-- By breeds.PRIMARY.
SELECT
  /* row: */
  id,
  updated_at,
  NOW(6) AS answered_at,
  CONCAT(
    '{"id":', id,
    ',"name":', JSON_QUOTE(name),
    ',"species_id":', species_id,
    ',"created_at":"', REPLACE(created_at, ' ', 'T'), 'Z"',
    ',"updated_at":"', REPLACE(updated_at, ' ', 'T'), 'Z"',
    '}'
  ) AS data
  /* :row */
FROM breeds
WHERE id IN %(ids)s
ORDER BY id;
