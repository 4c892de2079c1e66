"""What cannot be read, and why."""

from node.messages import Message, _


class UnfitError(ValueError):
    """A value that cannot be read. The message never holds the value: it may be personal."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class NoTableError(ValueError):
    """A file that holds no table we can read: says why, and what to do."""

    def __init__(self, message: Message) -> None:
        super().__init__(message)
        self.message = message

    def within(self, sheet: str) -> "NoTableError":
        """The same of one sheet of a workbook."""
        return NoTableError(_("sheet {sheet}: {message}", sheet=sheet, message=self.message))


def damaged(fault: Message) -> Message:
    """What is said of a workbook that is not whole."""
    return _("the file is damaged: {fault}; open it in a spreadsheet program and save it as .xlsx", fault=fault)


def too_much(fault: Message) -> Message:
    """What is said of a file that would fill this machine."""
    return _("{fault}: the file is damaged or made to do harm; check where it comes from", fault=fault)


def damaged_or_cut(error: Exception) -> Message:
    """What is said of a file that a reader of its format gave up."""
    return _("the file is damaged or cut short ({error})", error=type(error).__name__)
