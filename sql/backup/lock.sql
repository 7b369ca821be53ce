-- Takes the ledger rows of all tables until COMMIT, so that no writer is under way; in one order.
-- By ledger.PRIMARY.
SELECT table_name
FROM ledger
ORDER BY table_name
FOR UPDATE;
