-- How far each file has been loaded by `run.py load`, kept in the transaction of the rows themselves.
-- transactional: false

CREATE TABLE IF NOT EXISTS load_progress (
  table_name    VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  source        VARCHAR(512) NOT NULL COMMENT 'path of the file, - for standard input',
  position      BIGINT       NOT NULL COMMENT 'bytes whose rows are stored or refused',
  digest        CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'BLAKE2b of these bytes',
  rows_read     BIGINT       NOT NULL,
  rows_refused  BIGINT       NOT NULL,
  refused_bytes BIGINT       NOT NULL COMMENT 'length then of the file that collects bad rows',
  updated_at    DATETIME(6)  NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  PRIMARY KEY (table_name, source)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
