-- Deletes one row of species; its trigger leaves a tombstone.
-- By species.PRIMARY.
DELETE FROM species
WHERE id = %(id)s;
