"""Rows in other forms than JSON: CSV and NDJSON, going out and coming in."""
