-- How many rows refer to each of the given users, by table and field.
-- By animal_diseases.ix_animal_diseases_instructor_id.
SELECT instructor_id AS id, 'animal_diseases' AS table_name, 'instructor_id' AS field, COUNT(*) AS referring
FROM animal_diseases
WHERE instructor_id IN %(ids)s
GROUP BY instructor_id
ORDER BY id, table_name, field;
