-- Counts rows that a statement has added and stamped itself, one microsecond apart after the given time; within a
-- transaction only.
-- By ledger.PRIMARY.
UPDATE ledger
SET
  row_count = row_count + %(added)s,
  version = version + %(added)s,
  last_modified = %(stamp)s + INTERVAL %(added)s MICROSECOND
WHERE table_name = %(table_name)s AND @@in_transaction;
