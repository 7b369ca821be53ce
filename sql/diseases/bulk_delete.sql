-- Deletes the rows of diseases with the given ids, the newest first; the trigger leaves a tombstone for each.
-- By diseases.PRIMARY.
DELETE FROM diseases
WHERE id IN %(ids)s
ORDER BY id DESC;
