"""What run.py does beside serving: each command a module, through the same rules and statements as the service."""
