-- Deletes the rows of breeds with the given ids, the newest first; the trigger leaves a tombstone for each.
-- By breeds.PRIMARY.
DELETE FROM breeds
WHERE id IN %(ids)s
ORDER BY id DESC;
