-- The diseases with the given ids as JSON rows, and when each last changed.
-- By diseases.PRIMARY.
SELECT
  /* row: */
  id,
  updated_at,
  NOW(6) AS answered_at,
  CONCAT(
    '{"id":', id,
    ',"name":', JSON_QUOTE(name),
    ',"symptoms":', JSON_QUOTE(symptoms),
    ',"details":', JSON_QUOTE(details),
    ',"created_at":"', REPLACE(created_at, ' ', 'T'), 'Z"',
    ',"updated_at":"', REPLACE(updated_at, ' ', 'T'), 'Z"',
    '}'
  ) AS data
  /* :row */
FROM diseases
WHERE id IN %(ids)s
ORDER BY id;
