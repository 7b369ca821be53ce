-- How many rows refer to each of the given breeds, by table and field.
-- By animals.ix_animals_breeds_id.
SELECT breeds_id AS id, 'animals' AS table_name, 'breeds_id' AS field, COUNT(*) AS referring
FROM animals
WHERE breeds_id IN %(ids)s
GROUP BY breeds_id
ORDER BY id, table_name, field;
