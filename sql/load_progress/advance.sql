-- The load of a file has come from one position to the next; no row where another load has moved it.
-- By load_progress.PRIMARY.
UPDATE load_progress
SET
  position = %(position)s,
  digest = %(digest)s,
  rows_read = %(rows_read)s,
  rows_refused = %(rows_refused)s,
  refused_bytes = %(refused_bytes)s,
  updated_at = NOW(6)
WHERE table_name = %(table_name)s AND source = %(source)s AND position = %(begun_at)s;
