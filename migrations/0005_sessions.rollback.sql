-- transactional: false

DROP TABLE IF EXISTS login_attempt;
DROP TABLE IF EXISTS revoked_session;
DELETE FROM ledger WHERE table_name = 'revoked_session';
