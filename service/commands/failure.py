"""How a command fails: one line that says what is wrong and what to do, and an exit code."""

DONE = 0
FAILED = 1
BAD_ARGUMENTS = 2
INTERRUPTED = 130


class CommandError(Exception):
    """The command cannot be done; the message is the line that is printed."""

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.code = code
