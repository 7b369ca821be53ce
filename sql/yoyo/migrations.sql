-- How many migrations yoyo has applied.
-- By _yoyo_migration.PRIMARY; they are few.
SELECT COUNT(*) AS migrations
FROM _yoyo_migration;
