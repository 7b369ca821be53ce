-- How many rows a table has, when it last changed, and the server's time; no row where the table has no ledger row.
-- By ledger.PRIMARY.
SELECT row_count, last_modified, NOW(6) AS answered_at
FROM ledger
WHERE table_name = %(table_name)s;
