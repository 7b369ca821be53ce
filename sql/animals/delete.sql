-- Deletes one row of animals; its trigger leaves a tombstone.
-- By animals.PRIMARY.
DELETE FROM animals
WHERE id = %(id)s;
