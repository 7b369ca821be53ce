-- How many rows each table has and how many times it has changed: what the metrics tell.
-- By ledger.PRIMARY.
SELECT table_name, row_count, version
FROM ledger
ORDER BY table_name;
