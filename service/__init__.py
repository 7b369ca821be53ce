"""Herdbook: the read-cached records service of a livestock farm."""

__version__ = "1.0.0"
