-- Opens a transaction in which every statement sees the database as it is now.
-- By no index.
START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY;
