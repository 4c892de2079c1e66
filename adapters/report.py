"""What became of the rows of a load."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from node.messages import Message


@dataclass
class Report:
    """Counts of a load; complete only at its end. Holds no cell of any row.

    `superseded`: took the place of an earlier version; `outdated`: the node holds a later one. `reasons` counts every
    finding; `examples` and `warned` tell the first of those that reject and that warn. `fraction`: read so far, 0..1.
    `loads`: the numbers under which the node keeps what it stored, and the file of each.
    """

    rows: int = 0
    accepted: int = 0
    superseded: int = 0
    duplicate: int = 0
    outdated: int = 0
    rejected: int = 0
    warnings: int = 0
    seconds: float = 0.0
    fraction: float = 0.0
    reasons: Counter[str] = field(default_factory=Counter)
    examples: list[Message] = field(default_factory=list)
    warned: list[Message] = field(default_factory=list)
    notices: list[Message] = field(default_factory=list)
    loads: dict[int, str] = field(default_factory=dict)

    @property
    def rows_per_s(self) -> float:
        """Rows a second, from opening the files to the last answer."""
        return self.rows / self.seconds if self.seconds else 0.0

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self) | {"reasons": dict(self.reasons), "rows_per_s": round(self.rows_per_s, 1)}
