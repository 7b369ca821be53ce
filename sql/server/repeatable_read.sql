-- Makes the next transaction of the session one that keeps the snapshot it begins with.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;
