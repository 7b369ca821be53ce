-- The ledger row of a table, whole. By the primary key.
SELECT row_count, version, last_modified, deltas_from
FROM ledger
WHERE table_name = %(table_name)s;
