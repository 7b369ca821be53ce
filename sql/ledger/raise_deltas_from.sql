-- From when on the deltas of a table are whole; never earlier than it said before.
-- By ledger.PRIMARY.
UPDATE ledger
SET deltas_from = GREATEST(deltas_from, %(deltas_from)s)
WHERE table_name = %(table_name)s;
