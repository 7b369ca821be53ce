-- The ledger row of a table as a backup has it.
-- By ledger.PRIMARY.
UPDATE ledger
SET
  row_count = %(row_count)s,
  version = %(version)s,
  last_modified = %(last_modified)s,
  deltas_from = %(deltas_from)s
WHERE table_name = %(table_name)s;
