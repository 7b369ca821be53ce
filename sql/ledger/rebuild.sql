-- Makes the ledger row of a table that has lost it, or whose row is wrong, from what its metadata.sql says. Deletions from
-- before are not known: deltas start here.
INSERT INTO ledger (table_name, row_count, version, last_modified, deltas_from)
VALUES (%(table_name)s, %(total_count)s, 1, GREATEST(NOW(6), COALESCE(%(last_modified)s, NOW(6))), NOW(6))
ON DUPLICATE KEY UPDATE
  row_count = VALUES(row_count),
  version = version + 1,
  last_modified = GREATEST(VALUES(last_modified), last_modified + INTERVAL 1 MICROSECOND),
  deltas_from = last_modified;
