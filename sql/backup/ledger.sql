-- The ledger row of a table, whole.
-- By ledger.PRIMARY.
SELECT row_count, version, last_modified, deltas_from
FROM ledger
WHERE table_name = %(table_name)s;
