-- When each table last changed: what the poller watches.
-- By ledger.PRIMARY.
SELECT table_name, last_modified
FROM ledger
ORDER BY table_name;
