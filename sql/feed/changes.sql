-- Which rows of a table changed after a time, in the order of change, and whether each is new, changed or gone: what
-- the feed tells of.
-- By species.ix_species_updated_at, species.PRIMARY, tombstone.PRIMARY; or those of another table; none is read further
-- than the limit.
WITH changes AS (
  (
    SELECT updated_at AS changed_at, id, FALSE AS is_deleted
    FROM /* table: */ species /* :table */
    WHERE updated_at > %(since)s
    ORDER BY updated_at
    LIMIT %(limit)s
  )
  UNION ALL
  (
    SELECT deleted_at, row_id, TRUE
    FROM tombstone
    WHERE table_name = %(table_name)s AND deleted_at > %(since)s
    ORDER BY deleted_at
    LIMIT %(limit)s
  )
  ORDER BY changed_at
  LIMIT %(limit)s
)
SELECT
  TIMESTAMPDIFF(MICROSECOND, '1970-01-01', changes.changed_at) AS changed_at,
  changes.id AS id,
  IF(changes.is_deleted, 'delete', IF(present.created_at > %(since)s, 'create', 'update')) AS action
FROM changes
LEFT JOIN /* table: */ species /* :table */ AS present ON present.id = changes.id
ORDER BY changes.changed_at, changes.id;
