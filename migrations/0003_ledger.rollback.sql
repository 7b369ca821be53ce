-- transactional: false

DROP FUNCTION IF EXISTS ledger_stamp;
DROP TABLE IF EXISTS tombstone;
DROP TABLE IF EXISTS ledger;
