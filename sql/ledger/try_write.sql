-- Whether the server would take a write of this account: it names no row, so it changes none and fires no trigger.
-- By ledger.PRIMARY.
UPDATE ledger
SET version = version
WHERE table_name = '';
