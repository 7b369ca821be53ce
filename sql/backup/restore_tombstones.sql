-- Tombstones of a table as a backup has them.
-- By tombstone.PRIMARY.
INSERT INTO tombstone (table_name, deleted_at, row_id)
SELECT %(table_name)s, deleted_at, row_id
FROM JSON_TABLE(
  %(rows)s,
  '$[*]' COLUMNS (deleted_at DATETIME(6) PATH '$[0]', row_id BIGINT PATH '$[1]')
) AS given;
