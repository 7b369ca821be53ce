"""Running the service: its processes, its health, its watch."""
