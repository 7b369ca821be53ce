-- Which of yoyo's own tables there are.
-- By no index; the server's own tables.
SELECT table_name
FROM information_schema.tables
WHERE table_schema = DATABASE()
  AND table_name IN ('_yoyo_log', '_yoyo_migration', '_yoyo_version')
ORDER BY table_name;
