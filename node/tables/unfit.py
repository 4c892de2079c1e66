"""What cannot be read, and why."""


class UnfitError(ValueError):
    """A value that cannot be read. The message never holds the value: it may be personal."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class NoTableError(ValueError):
    """A file that is no table: says why."""
