-- When any of some tables last changed, and the server's time.
-- By ledger.PRIMARY.
SELECT MAX(last_modified) AS last_modified, NOW(6) AS answered_at
FROM ledger
WHERE table_name IN %(tables)s;
