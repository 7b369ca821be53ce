-- Deletes one row of diseases; its trigger leaves a tombstone.
DELETE FROM diseases
WHERE id = %(id)s;
