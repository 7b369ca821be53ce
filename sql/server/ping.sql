-- Whether the server answers, and whether it takes writes.
-- By no index.
SELECT @@read_only AS is_read_only;
