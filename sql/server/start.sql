-- When this server was started, by its own clock then: with a connection's number, a name that is never used twice.
-- And how many bytes it takes at once.
-- By no index; the server's own tables.
SELECT UNIX_TIMESTAMP() - CAST(VARIABLE_VALUE AS INTEGER) AS server_start, @@max_allowed_packet AS most_bytes
FROM information_schema.GLOBAL_STATUS
WHERE VARIABLE_NAME = 'UPTIME';
