-- Which sessions were ended before their time, and how often somebody tried to log in of late.
-- transactional: false

-- A token names its session; one whose session stands here is void. The ledger tells when a session was last revoked.
CREATE TABLE IF NOT EXISTS revoked_session (
  session_id CHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  expires_at DATETIME(6) NOT NULL COMMENT 'no token of the session is good after this time',
  PRIMARY KEY (session_id),
  KEY ix_revoked_session_expires_at (expires_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

INSERT IGNORE INTO ledger (table_name, row_count, version, last_modified, deltas_from)
SELECT 'revoked_session', COUNT(*), 0, NOW(6), NOW(6)
FROM revoked_session;
CREATE OR REPLACE TRIGGER revoked_session_after_insert AFTER INSERT ON revoked_session FOR EACH ROW
BEGIN
  DO ledger_stamp('revoked_session');
  UPDATE ledger SET row_count = row_count + 1 WHERE table_name = 'revoked_session';
END;
-- What expired is void without its row, so that forgetting it is no change.
CREATE OR REPLACE TRIGGER revoked_session_after_delete AFTER DELETE ON revoked_session FOR EACH ROW
  UPDATE ledger SET row_count = row_count - 1 WHERE table_name = 'revoked_session';

CREATE TABLE IF NOT EXISTS login_attempt (
  subject  CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'digest of an account or an address',
  attempts INT         NOT NULL,
  ends_at  DATETIME(6) NOT NULL COMMENT 'when the count begins anew',
  PRIMARY KEY (subject),
  KEY ix_login_attempt_ends_at (ends_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;
