-- Which migrations made this database. Reads the small table whole.
SELECT migration_id
FROM _yoyo_migration
ORDER BY migration_id;
