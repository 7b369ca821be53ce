-- Which migrations made this database.
-- By _yoyo_migration whole; they are few.
SELECT migration_id
FROM _yoyo_migration
ORDER BY migration_id;
