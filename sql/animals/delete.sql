-- Deletes one row of animals; its trigger leaves a tombstone.
DELETE FROM animals
WHERE id = %(id)s;
