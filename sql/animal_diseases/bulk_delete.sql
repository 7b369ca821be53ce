-- Deletes the rows of animal_diseases with the given ids, the newest first; the trigger leaves a tombstone for each.
-- By animal_diseases.PRIMARY.
DELETE FROM animal_diseases
WHERE id IN %(ids)s
ORDER BY id DESC;
