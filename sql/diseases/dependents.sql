-- How many rows refer to each of the given diseases, by table and field.
-- By animal_diseases.ix_animal_diseases_disease_id.
SELECT disease_id AS id, 'animal_diseases' AS table_name, 'disease_id' AS field, COUNT(*) AS referring
FROM animal_diseases
WHERE disease_id IN %(ids)s
GROUP BY disease_id
ORDER BY id, table_name, field;
