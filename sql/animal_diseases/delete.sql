-- Deletes one row of animal_diseases; its trigger leaves a tombstone.
DELETE FROM animal_diseases
WHERE id = %(id)s;
