"""Whatever happens in whatever order, crashes among it: a pull leaves exactly what the origin shares now."""

import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from node.core.log.record import Record
from node.core.log.subjects import index_entries
from node.core.standards.kinds import kind_of
from node.errors import TransientError
from node.storage.sqlite import writer
from node.storage.sqlite.inspection import inspect
from node.storage.sqlite.store import Store
from node.usecases.upkeep.audit import audit
from tests.kit.effort import effort
from tests.kit.simulator.origin import DEREGISTERED, Origin, SimulatedPeer, policy_text, registration
from tests.kit.simulator.receiver import Receiver, indexed, recompute, views
from tests.kit.simulator.telling import heard, records_of

KEYS = 4
POLICIES = (
    policy_text("wuhan"),
    policy_text("wuhan", "public"),
    policy_text("wuhan", "public", "regulator"),
    policy_text("wuhan", "personal"),
    policy_text("wuhan", "public", hides=f"int(body.status) == {DEREGISTERED}"),
    policy_text("wuhan", "public", "personal", hides='body.name.startsWith("a")'),
    policy_text("wuhan", "public", to="hefei"),
)


class Exchange(RuleBasedStateMachine):
    """Wuhan publishes, corrects, takes back, changes its policy; Changsha pulls; either may be cut off."""

    @initialize(policy=st.sampled_from(POLICIES))
    def begin(self, policy: str) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(writer, "MIN_COMMIT_INTERVAL_S", 0)  # nobody comes to share a commit
        self.origin = Origin(self.folder / "wuhan.db", policy=policy)
        self.receiver = Receiver(self.folder / "changsha.db")
        self.left_open: list[Store] = []
        self._meet()

    def _meet(self) -> None:
        self.receiver.meet(self.origin, SimulatedPeer(self.origin))

    @rule(
        keys=st.lists(st.integers(0, KEYS - 1), min_size=1, max_size=4),
        name=st.sampled_from("abc"),
        status=st.sampled_from((1, DEREGISTERED)),
    )
    def publish(self, keys: list[int], name: str, status: int) -> None:
        """New rows, the same again, or corrections."""
        self.origin.clock.at_ms += 1
        self.origin.take_in(*(registration(key, name=f"{name}{key}", status=status) for key in keys))

    @precondition(lambda self: bool(_retractable(self.origin)))
    @rule(place=st.integers(0, 50))
    def take_back(self, place: int) -> None:
        records = _retractable(self.origin)
        self.origin.retract(records[place % len(records)])

    @rule(policy=st.sampled_from(POLICIES))
    def change_policy(self, policy: str) -> None:
        self.origin.enforce(policy)

    @rule()
    def pull(self) -> None:
        self.receiver.pull("wuhan")
        self._check_whole()

    @rule()
    def pull_the_log_alone(self) -> None:
        """Cut off before the revision."""
        self.receiver.meet(self.origin, SimulatedPeer(self.origin, revise=lambda _: ()))
        with suppress(TransientError):
            self.receiver.pull("wuhan")
        self._meet()

    @rule()
    def crash_the_receiver(self) -> None:
        """No goodbye: the store is opened anew beside what is left of the old one."""
        self.left_open.append(self.receiver.store)
        self.receiver.open()

    @rule()
    def crash_the_origin(self) -> None:
        signer = self.origin.signer
        self.left_open.append(self.origin.store)
        self.origin = Origin(self.folder / "wuhan.db", signer=signer)
        self._meet()

    def _check_whole(self) -> None:
        held = views(self.receiver.store, "wuhan")
        assert held == records_of(heard(self.origin.pull("changsha", 0, 0)))
        at = self.receiver.store.origin("wuhan")
        assert (at.root, at.to_revise) == (self.origin.store.origin("wuhan").root, 0)
        recompute(self.receiver.store, "wuhan")
        _check_index(self.origin, self.receiver, held)
        _check_audit(self.origin, self.receiver)

    def teardown(self) -> None:
        if hasattr(self, "origin"):
            for store in (self.receiver.store, self.origin.store, *self.left_open):
                store.close()
            shutil.rmtree(self.folder)
            self.patch.undo()


def _retractable(origin: Origin) -> list[str]:
    """Own records that are neither retractions nor taken back."""
    gone = origin.store.retracted(0, origin.size) if origin.size else set()
    records = origin.store.records(0, 0, origin.size)
    headers = [record.header for record in records if record.is_open and record.index not in gone]
    return [header.id for header in headers if not header.retracts]


def _check_index(origin: Origin, receiver: Receiver, held: list[Record]) -> None:
    """Every current record that is seen is found; none is that was taken back, or replaced by one that is seen."""
    headers = {record.index: record.header for record in held if record.is_open}
    replaced = {header.supersedes for header in headers.values()}
    found = indexed(receiver.store, "wuhan")
    current = {index: header for index, header in headers.items() if header.id not in replaced}
    due = {
        entry
        for index, header in current.items()
        for entry in index_entries(header.subjects, kind_of(header.standard), index)
    }
    assert found <= due
    assert due & indexed(origin.store, "wuhan") <= found


def _check_audit(origin: Origin, receiver: Receiver) -> None:
    keys = {"wuhan": origin.member.log_keys}
    with inspect(receiver.path) as inspection:
        for each in audit(inspection, lambda city: keys.get(city, ()), lambda *_: None):
            assert not each.faults, (each.city, each.faults)


TestExchange = Exchange.TestCase
TestExchange.settings = effort(250, steps=20)
