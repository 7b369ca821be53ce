-- The time of the last of the oldest tombstones of a table, at most a step of them and none younger than the days kept.
-- By tombstone.PRIMARY.
SELECT MAX(deleted_at) AS horizon
FROM (
  SELECT deleted_at
  FROM tombstone
  WHERE table_name = %(table_name)s AND deleted_at < NOW(6) - INTERVAL %(days)s DAY
  ORDER BY deleted_at
  LIMIT %(step)s
) AS oldest;
