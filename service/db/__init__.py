"""The only room that talks to MariaDB, and the only importer of its drivers."""
