-- The load of a file begins at its beginning, whatever was loaded of it before.
-- By load_progress.PRIMARY.
INSERT INTO load_progress (table_name, source, position, digest, rows_read, rows_refused, refused_bytes)
VALUES (%(table_name)s, %(source)s, 0, %(digest)s, 0, 0, 0)
ON DUPLICATE KEY UPDATE
  position = 0,
  digest = VALUES(digest),
  rows_read = 0,
  rows_refused = 0,
  refused_bytes = 0,
  updated_at = NOW(6);
