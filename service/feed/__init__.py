"""The change feed: who listens is told of every committed change, never before it can be read."""
