-- The diagnoses with the given ids as JSON rows with what they relate to, at most 50 of each, and when any of these
-- tables last changed.
-- By animal_diseases.PRIMARY, user.PRIMARY, ledger.PRIMARY.
SELECT
  id,
  (SELECT MAX(last_modified) FROM ledger WHERE table_name IN ('animal_diseases', 'animals', 'diseases', 'user')) AS updated_at,
  NOW(6) AS answered_at,
  CONCAT(
    '{"id":', animal_diseases.id,
    ',"animal_id":', animal_diseases.animal_id,
    ',"disease_id":', animal_diseases.disease_id,
    ',"instructor_id":', animal_diseases.instructor_id,
    ',"diagnosis_date":"', animal_diseases.diagnosis_date, '"',
    ',"status":', JSON_QUOTE(animal_diseases.status),
    ',"notes":', COALESCE(JSON_QUOTE(animal_diseases.notes), 'null'),
    ',"created_at":"', REPLACE(animal_diseases.created_at, ' ', 'T'), 'Z"',
    ',"updated_at":"', REPLACE(animal_diseases.updated_at, ' ', 'T'), 'Z"',
    /* relations: */
    ',"animal":', COALESCE((
      SELECT JSON_OBJECT('id', related.id, 'record', related.record, 'sex', related.sex, 'status', related.status)
      FROM animals AS related
      WHERE related.id = animal_diseases.animal_id
    ), 'null'),
    ',"disease":', COALESCE((
      SELECT JSON_OBJECT('id', related.id, 'name', related.name)
      FROM diseases AS related
      WHERE related.id = animal_diseases.disease_id
    ), 'null'),
    ',"instructor":', COALESCE((
      SELECT JSON_OBJECT('id', related.id, 'fullname', related.fullname, 'role', related.role)
      FROM user AS related
      WHERE related.id = animal_diseases.instructor_id
    ), 'null'),
    /* :relations */
    '}'
  ) AS data
FROM animal_diseases
WHERE id IN %(ids)s
ORDER BY id;
