-- The diagnoses with the given ids as JSON rows, and when each last changed.
-- By animal_diseases.PRIMARY.
SELECT
  /* row: */
  id,
  updated_at,
  NOW(6) AS answered_at,
  CONCAT(
    '{"id":', id,
    ',"animal_id":', animal_id,
    ',"disease_id":', disease_id,
    ',"instructor_id":', instructor_id,
    ',"diagnosis_date":"', diagnosis_date, '"',
    ',"status":', JSON_QUOTE(status),
    ',"notes":', COALESCE(JSON_QUOTE(notes), 'null'),
    ',"created_at":"', REPLACE(created_at, ' ', 'T'), 'Z"',
    ',"updated_at":"', REPLACE(updated_at, ' ', 'T'), 'Z"',
    '}'
  ) AS data
  /* :row */
FROM animal_diseases
WHERE id IN %(ids)s
ORDER BY id;
