-- One table's ledger row, and the last deletion it knows of.
-- By ledger.PRIMARY.
SELECT
  row_count,
  last_modified,
  (SELECT MAX(deleted_at) FROM tombstone WHERE tombstone.table_name = ledger.table_name) AS last_deletion
FROM ledger
WHERE table_name = %(table_name)s;
