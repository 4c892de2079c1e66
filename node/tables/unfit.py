"""What cannot be read, and why."""


class UnfitError(ValueError):
    """A value that cannot be read. The message never holds the value: it may be personal.

    `detail` is what the message says beside the reason, in no language: the codes to choose from, a limit.
    """

    def __init__(self, reason: str, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.detail = detail


class NoTableError(ValueError):
    """A file that is no table: says why."""
