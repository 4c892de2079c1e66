"""The records of a city's own lists in memory: found by what a listing is known by, or by when it may end."""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from node.core.screening import Listing


class Listed(NamedTuple):
    """A record of a list: what it says, when it ends by itself (0: never), what it is known by."""

    name: str
    body: Listing
    valid_until_ms: int
    marks: frozenset[str]


class OwnListings:
    """The records of the own lists; those superseded or retracted may still be among them."""

    def __init__(self) -> None:
        self._all: dict[str, Listed] = {}
        self._by_mark: defaultdict[str, dict[str, None]] = defaultdict(dict)
        self._new: dict[str, None] = {}
        self._looked_at_ms = 0

    def add(self, record: str, listed: Listed) -> None:
        """Adds a record."""
        self._all[record] = listed
        self._new[record] = None
        for mark in listed.marks:
            self._by_mark[mark][record] = None

    def remove(self, record: str) -> Listed:
        """Forgets a record."""
        listed = self._all.pop(record)
        self._new.pop(record, None)
        for mark in listed.marks:
            self._by_mark[mark].pop(record)
        return listed

    def name_of(self, record: str) -> str:
        """The list that a record is of."""
        return self._all[record].name

    def marked(self, name: str, marks: Iterable[str]) -> list[str]:
        """The records of a list known by any of these marks."""
        records = dict.fromkeys(record for mark in marks for record in self._by_mark.get(mark, ()))
        return [record for record in records if self._all[record].name == name]

    def due(self, now_ms: int, *, is_new_day: bool) -> list[tuple[str, Listed]]:
        """The records that may have ended since they were looked at: on a new day any, else new or timed ones."""
        if is_new_day:
            return list(self._all.items())
        timed = (each for each, listed in self._all.items() if self._looked_at_ms < listed.valid_until_ms <= now_ms)
        return [(record, self._all[record]) for record in dict.fromkeys((*self._new, *timed))]

    def settle(self, now_ms: int) -> None:
        """All that was due has been looked at."""
        self._new.clear()
        self._looked_at_ms = now_ms
