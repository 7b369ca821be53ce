"""What may be asked of rows and done to them: joins cache and database, knows nothing of HTTP."""
