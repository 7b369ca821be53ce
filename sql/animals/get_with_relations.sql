-- The animals with the given ids as JSON rows with what they relate to, at most 50 of each, and when any of these
-- tables last changed.
-- By animals.PRIMARY, animal_diseases.uq_animal_diseases_animal_id_disease_id_diagnosis_date, diseases.PRIMARY,
-- animal_diseases.PRIMARY, ledger.PRIMARY.
SELECT
  id,
  (SELECT MAX(last_modified) FROM ledger WHERE table_name IN ('animals', 'breeds', 'animal_diseases', 'diseases')) AS updated_at,
  NOW(6) AS answered_at,
  CONCAT(
    '{"id":', animals.id,
    ',"record":', JSON_QUOTE(animals.record),
    ',"sex":', JSON_QUOTE(animals.sex),
    ',"birth_date":"', animals.birth_date, '"',
    ',"weight":', animals.weight,
    ',"status":', JSON_QUOTE(animals.status),
    ',"breeds_id":', animals.breeds_id,
    ',"idFather":', COALESCE(animals.idFather, 'null'),
    ',"idMother":', COALESCE(animals.idMother, 'null'),
    ',"age_in_days":', DATEDIFF(%(today)s, animals.birth_date),
    ',"age_in_months":', ROUND(DATEDIFF(%(today)s, animals.birth_date) / 30.44),
    ',"is_adult":', IF(ROUND(DATEDIFF(%(today)s, animals.birth_date) / 30.44) >= 12, 'true', 'false'),
    ',"created_at":"', REPLACE(animals.created_at, ' ', 'T'), 'Z"',
    ',"updated_at":"', REPLACE(animals.updated_at, ' ', 'T'), 'Z"',
    /* relations: */
    ',"breed":', COALESCE((
      SELECT JSON_OBJECT('id', related.id, 'name', related.name, 'species_id', related.species_id)
      FROM breeds AS related
      WHERE related.id = animals.breeds_id
    ), 'null'),
    ',"father":', COALESCE((
      SELECT JSON_OBJECT('id', related.id, 'record', related.record, 'sex', related.sex, 'status', related.status)
      FROM animals AS related
      WHERE related.id = animals.idFather
    ), 'null'),
    ',"mother":', COALESCE((
      SELECT JSON_OBJECT('id', related.id, 'record', related.record, 'sex', related.sex, 'status', related.status)
      FROM animals AS related
      WHERE related.id = animals.idMother
    ), 'null'),
    ',"diseases":[', COALESCE((
      SELECT GROUP_CONCAT(JSON_OBJECT('id', related.id, 'disease_id', related.disease_id, 'name', diseases.name, 'diagnosis_date', related.diagnosis_date, 'status', related.status) ORDER BY related.id SEPARATOR ',' LIMIT 50)
      FROM animal_diseases AS related
      JOIN diseases ON diseases.id = related.disease_id
      WHERE related.animal_id = animals.id
    ), ''), ']',
    /* :relations */
    '}'
  ) AS data
FROM animals
WHERE id IN %(ids)s
ORDER BY id;
