-- Writes the ledger row of a table anew from what its metadata.sql says. Deletions from before are not known: deltas
-- start here.
-- By ledger.PRIMARY.
UPDATE ledger
SET
  row_count = %(total_count)s,
  version = version + 1,
  last_modified = GREATEST(NOW(6), last_modified + INTERVAL 1 MICROSECOND, COALESCE(%(last_modified)s, NOW(6))),
  deltas_from = last_modified
WHERE table_name = %(table_name)s;
