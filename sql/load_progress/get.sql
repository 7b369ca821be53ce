-- How far a file has been loaded into a table; no row for one that never was.
-- By load_progress.PRIMARY.
SELECT position, digest, rows_read, rows_refused, refused_bytes
FROM load_progress
WHERE table_name = %(table_name)s AND source = %(source)s;
