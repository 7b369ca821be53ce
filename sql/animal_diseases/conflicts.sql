-- What keeps the given rows out of animal_diseases: place in the array, field, and why: its value is taken by another
-- row, repeated among the given ones, or refers to a row that is missing; and the row that has it.
-- By animal_diseases.uq_animal_diseases_animal_id_disease_id_diagnosis_date, animals.PRIMARY, diseases.PRIMARY,
-- user.PRIMARY.
WITH given AS (
  SELECT *
  FROM JSON_TABLE(
    %(rows)s,
    '$[*]' COLUMNS (
      place          FOR ORDINALITY,
      id             BIGINT PATH '$.id',
      animal_id      BIGINT PATH '$.animal_id',
      disease_id     BIGINT PATH '$.disease_id',
      diagnosis_date DATE PATH '$.diagnosis_date',
      instructor_id  BIGINT PATH '$.instructor_id'
    )
  ) AS rows_given
)
SELECT given.place, 'disease_id' AS field, 'taken' AS reason, animal_diseases.id AS row_id
FROM given
JOIN animal_diseases ON animal_diseases.animal_id = given.animal_id AND animal_diseases.disease_id = given.disease_id AND animal_diseases.diagnosis_date = given.diagnosis_date AND NOT animal_diseases.id <=> given.id
UNION ALL
SELECT repeated.place, 'disease_id', 'repeated', NULL
FROM (SELECT place, animal_id, disease_id, diagnosis_date, ROW_NUMBER() OVER (PARTITION BY animal_id, disease_id, diagnosis_date ORDER BY place) AS nth FROM given) AS repeated
WHERE repeated.nth > 1 AND repeated.animal_id IS NOT NULL
UNION ALL
SELECT given.place, 'animal_id', 'missing', NULL
FROM given
LEFT JOIN animals ON animals.id = given.animal_id
WHERE given.animal_id IS NOT NULL AND animals.id IS NULL
UNION ALL
SELECT given.place, 'disease_id', 'missing', NULL
FROM given
LEFT JOIN diseases ON diseases.id = given.disease_id
WHERE given.disease_id IS NOT NULL AND diseases.id IS NULL
UNION ALL
SELECT given.place, 'instructor_id', 'missing', NULL
FROM given
LEFT JOIN user ON user.id = given.instructor_id
WHERE given.instructor_id IS NOT NULL AND user.id IS NULL
ORDER BY place, field;
