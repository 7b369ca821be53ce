-- The diseases with the given ids as JSON rows with what they relate to, at most 50 of each, and when any of these
-- tables last changed.
-- By diseases.PRIMARY, animal_diseases.ix_animal_diseases_disease_id, animals.PRIMARY, ledger.PRIMARY; the
-- index of the foreign key holds a disease's diagnoses in the order of their ids: only the rows of the first 50 are read.
SELECT
  id,
  (SELECT MAX(last_modified) FROM ledger WHERE table_name IN ('diseases', 'animal_diseases', 'animals')) AS updated_at,
  NOW(6) AS answered_at,
  CONCAT(
    '{"id":', diseases.id,
    ',"name":', JSON_QUOTE(diseases.name),
    ',"symptoms":', JSON_QUOTE(diseases.symptoms),
    ',"details":', JSON_QUOTE(diseases.details),
    ',"created_at":"', REPLACE(diseases.created_at, ' ', 'T'), 'Z"',
    ',"updated_at":"', REPLACE(diseases.updated_at, ' ', 'T'), 'Z"',
    /* relations: */
    ',"animals":[', COALESCE((
      SELECT GROUP_CONCAT(JSON_OBJECT('id', related.id, 'animal_id', related.animal_id, 'record', animals.record, 'diagnosis_date', related.diagnosis_date, 'status', related.status) ORDER BY related.id SEPARATOR ',' LIMIT 50)
      FROM animal_diseases AS listed
      JOIN animal_diseases AS related ON related.id = listed.id
      JOIN animals ON animals.id = related.animal_id
      WHERE listed.disease_id = diseases.id
        AND listed.id <= COALESCE((SELECT id FROM animal_diseases WHERE disease_id = diseases.id ORDER BY id LIMIT 1 OFFSET 49), listed.id)
    ), ''), ']',
    /* :relations */
    '}'
  ) AS data
FROM diseases
WHERE id IN %(ids)s
ORDER BY id;
