"""The processes of the service: a supervisor, the workers, and the database that they need."""
