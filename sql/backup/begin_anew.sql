-- A table went back in time: every since from before now is answered 410, and its client begins anew.
-- By ledger.PRIMARY.
UPDATE ledger
SET
  version = version + 1,
  last_modified = GREATEST(NOW(6), last_modified + INTERVAL 1 MICROSECOND),
  deltas_from = last_modified
WHERE table_name = %(table_name)s;
