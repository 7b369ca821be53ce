-- Which rows of a table changed after a time, in the order of change, and whether each is new, changed or gone: what the
-- feed tells of. Served by ix_{table}_updated_at and the primary key of tombstone, never further than the limit.
(
  SELECT
    TIMESTAMPDIFF(MICROSECOND, '1970-01-01', updated_at) AS changed_at,
    id,
    IF(created_at > %(since)s, 'create', 'update') AS action
  FROM /* table: */ species /* :table */
  WHERE updated_at > %(since)s
  ORDER BY updated_at
  LIMIT %(limit)s
)
UNION ALL
(
  SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01', deleted_at), row_id, 'delete'
  FROM tombstone
  WHERE table_name = %(table_name)s AND deleted_at > %(since)s
  ORDER BY deleted_at
  LIMIT %(limit)s
)
ORDER BY changed_at, id
LIMIT %(limit)s;
