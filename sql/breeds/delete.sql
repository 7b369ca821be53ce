-- Deletes one row of breeds; its trigger leaves a tombstone.
DELETE FROM breeds
WHERE id = %(id)s;
