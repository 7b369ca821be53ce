-- From when on the deletions of each table are known, in microseconds since the epoch.
-- By ledger.PRIMARY.
SELECT table_name, TIMESTAMPDIFF(MICROSECOND, '1970-01-01', deltas_from) AS deltas_from
FROM ledger
ORDER BY table_name;
