-- The ledger: for each table how many rows it has, how often it changed and when last; tombstones say what was deleted.
-- transactional: false

CREATE TABLE IF NOT EXISTS ledger (
  table_name    VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  row_count     BIGINT      NOT NULL,
  version       BIGINT      NOT NULL COMMENT 'changes counted so far',
  last_modified DATETIME(6) NOT NULL COMMENT 'time of the last change; never given twice',
  deltas_from   DATETIME(6) NOT NULL COMMENT 'what was deleted before this time has no tombstone',
  PRIMARY KEY (table_name)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

CREATE TABLE IF NOT EXISTS tombstone (
  table_name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  deleted_at DATETIME(6) NOT NULL,
  row_id     BIGINT      NOT NULL,
  PRIMARY KEY (table_name, deleted_at, row_id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

-- Opens the next change of a table: takes its ledger row until COMMIT, counts the change, and gives its time, which is
-- later than every time given before, whatever the clock says. Without a ledger row there is only the clock.
CREATE OR REPLACE FUNCTION ledger_stamp(changed_table VARCHAR(64) CHARACTER SET ascii)
RETURNS DATETIME(6)
MODIFIES SQL DATA
BEGIN
  SET @ledger_stamp = NULL;
  UPDATE ledger
  SET version = version + 1,
      last_modified = (@ledger_stamp := GREATEST(NOW(6), last_modified + INTERVAL 1 MICROSECOND))
  WHERE table_name = changed_table;
  RETURN COALESCE(@ledger_stamp, NOW(6));
END;
