-- Makes the next transaction of the session one that keeps the snapshot it begins with.
-- By no index.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;
