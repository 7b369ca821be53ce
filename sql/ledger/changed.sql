-- When a table last changed, in microseconds since the epoch; no row where it has no ledger row.
-- By ledger.PRIMARY.
SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01', last_modified) AS stamp
FROM ledger
WHERE table_name = %(table_name)s;
