"""A value that is read, with something about it that its owner should look at."""

from typing import NamedTuple


class Noted(NamedTuple):
    """What a transform makes of a cell, None where the cell is left out, and the warning that goes with it."""

    value: "str | dict[str, str | int] | list[int] | None"
    reason: str
    message: str
