-- Deletes one row of user; its trigger leaves a tombstone.
DELETE FROM user
WHERE id = %(id)s;
