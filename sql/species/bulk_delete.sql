-- Deletes the rows of species with the given ids, the newest first; the trigger leaves a tombstone for each.
-- By species.PRIMARY.
DELETE FROM species
WHERE id IN %(ids)s
ORDER BY id DESC;
