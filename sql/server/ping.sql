-- Whether the server answers, and whether it takes writes.
SELECT @@read_only AS is_read_only;
