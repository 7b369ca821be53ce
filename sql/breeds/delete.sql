-- Deletes one row of breeds; its trigger leaves a tombstone.
-- By breeds.PRIMARY.
DELETE FROM breeds
WHERE id = %(id)s;
