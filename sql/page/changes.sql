-- What changed in a table after a time: the ledger's time, the server's and from when on deltas are whole (l); rows, each
-- as its id and when it changed (r); deletions, and whether the id has a row again (d).
-- By ledger.PRIMARY, animals.ix_animals_updated_at, tombstone.PRIMARY, animals.PRIMARY; or those of another table; none
-- is read further than the limit.
SELECT 'l' AS kind, CONCAT_WS('|', last_modified, NOW(6), deltas_from) AS said
FROM ledger
WHERE table_name = %(table_name)s
UNION ALL
(
  SELECT 'r', CONCAT_WS('|', id, updated_at)
  FROM /* table: */ animals /* :table */
  WHERE updated_at > %(since)s
  ORDER BY updated_at
  LIMIT %(limit)s
)
UNION ALL
(
  SELECT 'd', CONCAT_WS('|', row_id, deleted_at, EXISTS (
    SELECT 1
    FROM /* table: */ animals /* :table */ AS there
    WHERE there.id = tombstone.row_id
  ))
  FROM tombstone
  WHERE table_name = %(table_name)s AND deleted_at > %(since)s
  ORDER BY deleted_at
  LIMIT %(limit)s
);
