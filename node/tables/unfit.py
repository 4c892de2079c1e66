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


DAMAGED = "文件已损坏，请用电子表格软件打开后另存为 .xlsx"
TOO_MUCH = "文件内容异常庞大，可能已损坏或者被人为构造，请核查来源"


class NoTableError(ValueError):
    """A file that is no table: says why, and what to do, in Chinese and in English."""

    def __init__(self, message: str, chinese: str = DAMAGED) -> None:
        super().__init__(f"{chinese} · {message}")
        self._message, self._chinese = message, chinese

    def within(self, sheet: str) -> "NoTableError":
        """The same of one sheet of a workbook."""
        return NoTableError(f"sheet {sheet}: {self._message}", f"工作表 {sheet}：{self._chinese}")
