-- Deletes one row of animal_diseases; its trigger leaves a tombstone.
-- By animal_diseases.PRIMARY.
DELETE FROM animal_diseases
WHERE id = %(id)s;
