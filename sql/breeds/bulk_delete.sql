-- Deletes the rows of breeds with the given ids, the newest first; the trigger leaves a tombstone for each.
DELETE FROM breeds
WHERE id IN %(ids)s
ORDER BY id DESC;
