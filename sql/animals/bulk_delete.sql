-- Deletes the rows of animals with the given ids, the newest first; the trigger leaves a tombstone for each.
-- By animals.PRIMARY.
DELETE FROM animals
WHERE id IN %(ids)s
ORDER BY id DESC;
