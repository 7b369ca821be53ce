-- Deletes one row of species; its trigger leaves a tombstone.
DELETE FROM species
WHERE id = %(id)s;
