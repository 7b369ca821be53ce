-- Whether the server would take a write of this account: it names no row, so it changes none and fires no trigger.
UPDATE ledger
SET version = version
WHERE table_name = '';
