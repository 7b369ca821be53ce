-- Deletes the rows of user with the given ids, the newest first; the trigger leaves a tombstone for each.
-- By user.PRIMARY.
DELETE FROM user
WHERE id IN %(ids)s
ORDER BY id DESC;
