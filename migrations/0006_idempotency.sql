-- The answers to writes that carried an Idempotency-Key, kept in the transaction of the write.
-- transactional: false

CREATE TABLE IF NOT EXISTS idempotency (
  claim      CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'digest of who, where and key',
  request    CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'digest of the body',
  status     SMALLINT     NULL,
  location   VARCHAR(255) NULL,
  body       LONGTEXT     NULL,
  claimed_at DATETIME(6)  NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  PRIMARY KEY (claim),
  KEY ix_idempotency_claimed_at (claimed_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
