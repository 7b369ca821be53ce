"""Mounts of a test's own, that nobody else sees: root has them, and anyone in a user namespace of theirs."""

import os

# What a command is put behind; inside it is root.
OWN_MOUNTS = ("unshare", "--mount") if os.geteuid() == 0 else ("unshare", "--user", "--map-root-user", "--mount")
