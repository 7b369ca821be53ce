-- What the start-up must know of a server: its version, its connections, and whether its binary log holds statements.
-- By no index.
SELECT VERSION() AS version, @@max_connections AS max_connections, @@log_bin AND @@binlog_format = 'STATEMENT' AS statement_binlog;
