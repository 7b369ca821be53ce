"""What the host gives: files with locks and secrets, child processes."""
