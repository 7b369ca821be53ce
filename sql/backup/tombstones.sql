-- Some tombstones of a table after one of them, one JSON array a line, and how many they are.
-- By tombstone.PRIMARY.
SELECT
  COUNT(*) AS size,
  GROUP_CONCAT(JSON_ARRAY(deleted_at, row_id) ORDER BY deleted_at, row_id SEPARATOR '\n') AS data
FROM (
  SELECT deleted_at, row_id
  FROM tombstone
  WHERE table_name = %(table_name)s
    AND (deleted_at > %(after)s OR (deleted_at = %(after)s AND row_id > %(after_id)s))
  ORDER BY deleted_at, row_id
  LIMIT %(limit)s
) AS page;
