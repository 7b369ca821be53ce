-- How many rows refer to each of the given species, by table and field.
-- By breeds.uq_breeds_species_id_name.
SELECT species_id AS id, 'breeds' AS table_name, 'species_id' AS field, COUNT(*) AS referring
FROM breeds
WHERE species_id IN %(ids)s
GROUP BY species_id
ORDER BY id, table_name, field;
