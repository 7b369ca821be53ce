"""The classes in which durations are counted."""

# Upper bounds in seconds; what took longer than the last is in a class of its own.
BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
