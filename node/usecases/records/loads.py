"""Takes a wrong file back whole: one officer asks, another approves."""

import threading
from collections.abc import Iterator
from itertools import islice

from node.core.log.record import parse_record_id
from node.core.members.actor import Actor
from node.core.members.officers import check_approver
from node.errors import NodeError, Reason
from node.messages import _
from node.ports import Clock
from node.storage.sqlite.loads import Load
from node.storage.sqlite.log import OWN
from node.storage.sqlite.store import Store
from node.stubs.intake.v1.intake_pb2 import SubmitRequest
from node.stubs.record.v1.record_pb2 import Header
from node.usecases.records.retract import retraction
from node.usecases.records.usage import check_reason

# Retractions of one append: others' appends find a place between them.
_CHUNK = 500


class LoadNumbers:
    """The loads of one stream: one for each file in it, begun with its first record."""

    def __init__(self, store: Store, client: str, clock: Clock) -> None:
        self._store = store
        self._client = client
        self._clock = clock
        self._begun: dict[tuple[str, str, str], int] = {}

    def of(self, request: SubmitRequest) -> int:
        """The number of the load that a batch belongs to."""
        key = request.standard, request.source, request.file
        if key not in self._begun:
            load = Load(0, self._client, *key, self._clock.now_ms())
            self._begun[key] = self._store.begin_load(load).result()
        return self._begun[key]


class LoadRetraction:
    """Takes loads of one city back. What two officers decided in a case is no load, and none of this touches it."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()

    def ask(self, actor: Actor, number: int, purpose: str, legal_basis: str) -> Load:
        """Asks that a load be retracted; it waits for an approver. Asked again, the newer reason holds.

        Raises:
            NodeError: NOT_FOUND; WRONG_ACTOR, an account that reads; PURPOSE_REQUIRED; or INVALID_ARGUMENT: nothing is
                left to retract, or it is approved already.
        """
        check_reason(purpose, legal_basis)
        if not actor.account.acts:
            raise NodeError(
                Reason.WRONG_ACTOR, _("read-only account: only a clerk, case officer or approver may ask for this")
            )
        with self._lock:
            load = self._open(number)
            if load.approved_by:
                raise NodeError(
                    Reason.INVALID_ARGUMENT,
                    _("load {number} is already being retracted: approve it again", number=number),
                )
            asked = load._replace(
                purpose=purpose, legal_basis=legal_basis, asked_by=actor.id, asked_at_ms=self._clock.now_ms()
            )
            self._store.ask_retraction(asked).result()
        return asked

    def approve(self, actor: Actor, number: int) -> Load:
        """Retracts a load that another officer asked to retract; returns when all is durable.

        Of each row goes what this load made of it and, where that stands today, every version before it: the row may be
        handed in again. What a later load made of a row stays. Broken off, it goes on when approved again.

        Raises:
            NodeError: NOT_FOUND; WRONG_ACTOR, no approver; FOUR_EYES, the one who asked; INVALID_ARGUMENT, nobody
                asked, or nothing is left; or what the store raises.
        """
        check_approver(actor.account)
        with self._lock:
            load = self._open(number)
            if not load.asked_by:
                raise NodeError(Reason.INVALID_ARGUMENT, _("nobody asked to retract load {number}", number=number))
            if load.asked_by == actor.id:
                raise NodeError(Reason.FOUR_EYES, _("the officer who asked cannot approve: another officer has to"))
            self._store.approve_retraction(number, actor.id).result()
            reason = Header(purpose=load.purpose, legal_basis=load.legal_basis)
            targets = self._targets(number)
            while chunk := list(islice(targets, _CHUNK)):
                now_ms = self._clock.now_ms()
                self._store.append([retraction(target, now_ms, reason) for target in chunk]).result()
        return self._store.load(number)

    def _open(self, number: int) -> Load:
        load = self._store.load(number)
        if load.retracted == load.records:
            raise NodeError(Reason.INVALID_ARGUMENT, _("load {number} has no records left to retract", number=number))
        return load

    def _targets(self, number: int) -> Iterator[Header]:
        """The headers of what is to be retracted, each once."""
        seen: set[int] = set()
        for begin, end in self._store.runs_of_load(number):
            replaced = self._store.successors(begin, end)
            for index in range(begin, end):
                for header in self._versions(index, stands=index not in replaced):
                    at = parse_record_id(header.id)[1]
                    if at not in seen:
                        seen.add(at)
                        yield header

    def _versions(self, index: int, *, stands: bool) -> Iterator[Header]:
        """The header of a record and, of one that stands, those of the versions before it, as far as they are here."""
        while True:
            record = self._store.record(OWN, index)
            if record is None or not record.is_open or self._store.is_retracted(OWN, index):
                return
            yield record.header
            if not stands or not record.header.supersedes:
                return
            index = parse_record_id(record.header.supersedes)[1]
