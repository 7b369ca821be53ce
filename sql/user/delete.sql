-- Deletes one row of user; its trigger leaves a tombstone.
-- By user.PRIMARY.
DELETE FROM user
WHERE id = %(id)s;
