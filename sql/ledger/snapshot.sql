-- Opens a transaction in which every statement sees the database as it is now.
START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY;
