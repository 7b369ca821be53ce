"""Pages in memory, and whether they are still true; knows nothing of HTTP or SQL."""
