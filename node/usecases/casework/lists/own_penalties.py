"""Takes the city's own penalties off the page when their publication ends (order 45 Art 13), and so from every city."""

from datetime import date
from itertools import islice
from typing import NamedTuple

from node.core.law.laws import Citation
from node.core.law.listing_term import stated_day
from node.core.law.penalty_term import last_public_day
from node.ports import Clock
from node.storage.sqlite.store import Store
from node.stubs.record.v1.record_pb2 import Header
from node.stubs.standard.v1.penalty_pb2 import Penalty, PenaltyKind
from node.usecases.casework.case_file import PURPOSE, CaseRepository
from node.usecases.casework.publication import published_on
from node.usecases.records.retract import retract, stands

PENALTY = "penalty"
_BASIS = Citation("penalty_publicity", "13")
# Penalties in one run: a registry's export may hold many that are over.
_PER_RUN = 500


class _Known(NamedTuple):
    kinds: "tuple[PenaltyKind.ValueType, ...]"
    decided_on: str
    public_until: str
    origins: tuple[str, ...]


class OwnPenalties:
    """The records of the own penalties in memory."""

    def __init__(self, store: Store, clock: Clock, repository: CaseRepository) -> None:
        self._store = store
        self._clock = clock
        self._repository = repository
        self._all: dict[str, _Known] = {}
        self._new: dict[str, None] = {}
        self._day: date | None = None

    def add(self, record: str, body: Penalty) -> None:
        """Adds a record."""
        self._all[record] = _Known(tuple(body.kinds), body.decided_on, body.public_until, tuple(body.origins))
        self._new[record] = None

    def end(self, day: date) -> list[str]:
        """Retracts those whose last day has passed, so many a run; returns the ids of the records it made.

        Raises:
            NodeError: STORAGE_FULL or STORAGE_CORRUPT; what was not done is due at the next run.
        """
        looked_at = list(self._all if day != self._day else self._new)
        over = (record for record in looked_at if self._is_over(self._all[record], day))
        made = [id_ for record in islice(over, _PER_RUN) for id_ in self._retract(record)]
        if next(over, None) is None:
            self._day = day
            self._new.clear()
        return made

    def _is_over(self, penalty: _Known, day: date) -> bool:
        decided_on = stated_day(penalty.decided_on)
        if decided_on is None or last_public_day(penalty.kinds, penalty.public_until, decided_on) >= day:
            return False
        # Published later than it was decided: its case, which few have, says when.
        public_on = stated_day(published_on(self._repository, penalty.origins)) or decided_on
        return last_public_day(penalty.kinds, penalty.public_until, public_on) < day

    def _retract(self, record: str) -> list[str]:
        if not stands(self._store, record):
            self._forget(record)
            return []
        placed = retract(self._store, self._clock, record, Header(purpose=PURPOSE, legal_basis=_BASIS.zh))
        self._forget(record)  # only now: what a full disk refused is due again
        return [placed.id]

    def _forget(self, record: str) -> None:
        del self._all[record]
        self._new.pop(record, None)
