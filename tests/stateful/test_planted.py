"""The state machine and its checker can fail: each bug planted here is found."""

from collections.abc import Callable

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import rule, run_state_machine_as_test

from node.storage.sqlite import revision
from node.storage.sqlite.store import _Destruction
from node.usecases.exchange.versions import RecordChanges
from tests.kit.effort import effort
from tests.kit.stateful.federation import Federation, cities

Plant = Callable[[pytest.MonkeyPatch], None]
SHORT = settings(effort(examples=150, steps=30), phases=[Phase.generate], report_multiple_bugs=False)


def lost_update(patch: pytest.MonkeyPatch) -> None:
    """A revision is noted as done; the records stand as they were."""
    patch.setattr(revision, "_revise", lambda *_: 0)


def bytes_left_behind(patch: pytest.MonkeyPatch) -> None:
    """Destroyed values stand in the write-ahead log for as long as it likes."""
    patch.setattr(_Destruction, "_empty_wal", lambda _: True)


def shared_after_all(patch: pytest.MonkeyPatch) -> None:
    """Who comes late is shown what was taken back."""
    patch.setattr(RecordChanges, "is_retracted", lambda *_: False)


@pytest.mark.parametrize("plant", [lost_update, bytes_left_behind, shared_after_all])
def test_a_planted_bug_is_found(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(Federation, settings=SHORT)


class ForgetfulDisk(Federation):
    """A disk that says it has written, and after a crash has what it had a while ago."""

    @rule(city=cities)
    def crash_into_the_past(self, city: str) -> None:
        node = self.nodes[city]
        before = node._image()
        self.send(city, self.bodies([(0, "a", 1)]))
        node._ended.append(node.store)
        node._open(before)


def test_a_record_acknowledged_and_lost_is_found() -> None:
    with pytest.raises(AssertionError, match=r"lost: .* was acknowledged"):
        run_state_machine_as_test(ForgetfulDisk, settings=SHORT)
