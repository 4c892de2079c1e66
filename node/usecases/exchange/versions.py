"""What the holder of a grant may see of own records, each chain of versions walked once: a log of one row is linear.

A row handed in every hour is one record with thousands of versions after it. What may be seen of a version is what may
be seen of it alone and of every later one; so what the newest allows is carried down to the oldest, and kept.
"""

from collections.abc import Sequence

from node.core.log.record import Record, read_common
from node.core.log.run import StoredRun, cut, is_plain
from node.core.policy.disclosure import decide
from node.core.policy.grant import Disclosed, Grant, Undecided
from node.storage.sqlite.reader import Reader
from node.stubs.record.v1.record_pb2 import Own, Run

# A chain of so many versions is walked anew rather than remembered: most records of a log have one, if any.
_SHORT = 8


class RecordChanges:
    """What became of own records [begin, end): which were retracted, which replaced, and by what."""

    def __init__(self, reader: Reader, begin: int, end: int) -> None:
        self._retracted = reader.retracted(begin, end)
        self._successors = reader.successors(begin, end)

    def is_retracted(self, index: int) -> bool:
        """Whether the record was retracted."""
        return index in self._retracted

    def successor(self, index: int) -> int | None:
        """The leaf index of what replaced a record."""
        return self._successors.get(index)

    def touch(self, run: StoredRun) -> bool:
        """Whether anything became of a record of a run."""
        if not self._retracted and not self._successors:
            return False
        indices = range(run.first, run.end)
        return not self._retracted.isdisjoint(indices) or not self._successors.keys().isdisjoint(indices)


class Shown:
    """What the holder of one grant may see, for one pass over the log in its order."""

    def __init__(self, reader: Reader, grant: Grant) -> None:
        self._reader = reader
        self._grant = grant
        # Leaf index -> what may be seen of that version and of all after it.
        self._from: dict[int, Disclosed] = {}

    def of_run(self, stored: StoredRun, run: Run, changes: RecordChanges) -> Sequence[Disclosed]:
        """What is to be disclosed of each record of an open run; `run` is what `stored` holds."""
        if not changes.touch(stored) and not _retracts(run):
            common = read_common(run.common).common
            settled = self._grant.settled(common.audience, (common.standard, common.version))
            if not isinstance(settled, Undecided):
                return [settled] * stored.length
        return [None if changes.is_retracted(record.index) else self.facets(record, changes) for record in cut(stored)]

    def alone(self, record: Record) -> Disclosed:
        """The facets of a record, whatever replaced it."""
        return decide(self._grant, record)

    def facets(self, record: Record, changes: RecordChanges) -> Disclosed:
        """The facets of an open own record that may be seen; of a replaced one no more than of any version after it.

        Who may not see what replaced a record cannot know that it was replaced, and would answer from it for ever. As
        each later version counts, and not the newest alone, a log that grows never brings back what it hid.
        """
        index = record.index
        self._from.pop(index, None)  # asked for by what it replaced, which stands before it
        shown = self.alone(record)
        successor = changes.successor(index)
        return shown if shown is None or successor is None else _both(shown, self._after(successor))

    def _after(self, index: int) -> Disclosed:
        """What may be seen of a version and of all after it."""
        if index in self._from:
            return self._from[index]
        chain: list[tuple[int, Disclosed]] = []
        at: int | None = index
        while at is not None and at not in self._from:
            record, is_retracted, successor = self._reader.version(at)
            is_gone = is_retracted or record is None or not record.is_open
            chain.append((at, None if is_gone or record is None else self.alone(record)))
            at = successor
        after = self._from[at] if at is not None else chain[-1][1]
        is_long = at is not None or len(chain) > _SHORT
        for version, shown in reversed(chain):
            after = _both(shown, after)
            if is_long:
                self._from[version] = after
        return after


def _retracts(run: Run) -> bool:
    """Whether a record of a run retracts another."""
    return any(Own.FromString(own).retracts for own in run.own if not is_plain(own))


def _both(one: Disclosed, other: Disclosed) -> Disclosed:
    if one is None or other is None:
        return None
    return one if one <= other else one & other
