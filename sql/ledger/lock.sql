-- Takes the ledger row of a table until COMMIT, before any row of the table is locked, so that writers queue in one
-- order; gives the time that the next change may have.
-- By ledger.PRIMARY.
SELECT GREATEST(NOW(6), last_modified + INTERVAL 1 MICROSECOND) AS stamp
FROM ledger
WHERE table_name = %(table_name)s
FOR UPDATE;
