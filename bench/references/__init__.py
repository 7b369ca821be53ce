"""What the same bytes cost with less around them: each a program of its own."""
