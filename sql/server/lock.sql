-- Takes a lock of the server by name, which ends with the connection: 1 when it is ours, 0 after so many seconds.
-- By no index.
SELECT GET_LOCK(%(name)s, %(seconds)s) AS granted;
