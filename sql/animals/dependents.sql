-- How many rows refer to each of the given animals, by table and field.
-- By animals.ix_animals_idFather, animals.ix_animals_idMother,
-- animal_diseases.uq_animal_diseases_animal_id_disease_id_diagnosis_date.
SELECT idFather AS id, 'animals' AS table_name, 'idFather' AS field, COUNT(*) AS referring
FROM animals
WHERE idFather IN %(ids)s
GROUP BY idFather
UNION ALL
SELECT idMother AS id, 'animals' AS table_name, 'idMother' AS field, COUNT(*) AS referring
FROM animals
WHERE idMother IN %(ids)s
GROUP BY idMother
UNION ALL
SELECT animal_id AS id, 'animal_diseases' AS table_name, 'animal_id' AS field, COUNT(*) AS referring
FROM animal_diseases
WHERE animal_id IN %(ids)s
GROUP BY animal_id
ORDER BY id, table_name, field;
