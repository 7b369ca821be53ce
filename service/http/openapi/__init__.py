"""The description of the API (OpenAPI 3.1): what the resources declare, and a table of the other routes."""
