-- How far a file has been loaded into a table; no row for one that never was. By the primary key.
SELECT position, digest, rows_read, rows_refused, refused_bytes
FROM load_progress
WHERE table_name = %(table_name)s AND source = %(source)s;
