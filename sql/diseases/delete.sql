-- Deletes one row of diseases; its trigger leaves a tombstone.
-- By diseases.PRIMARY.
DELETE FROM diseases
WHERE id = %(id)s;
