-- Takes away yoyo's own tables, of which some were made and nothing was written into.
-- By no index.
DROP TABLE IF EXISTS _yoyo_migration, _yoyo_log, _yoyo_version;
