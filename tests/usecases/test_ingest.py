"""What a batch of rows may not be, as a whole."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from node.errors import NodeError, Reason
from node.stubs.intake.v1 import intake_pb2 as intake
from node.usecases.records.ingest import Ingest
from node.usecases.records.retract import Retractions
from tests.kit.clock import SetClock
from tests.kit.simulator.origin import Origin, registration

DAY_MS = 86_400_000


@pytest.fixture
def origin(tmp_path: Path) -> Iterator[Origin]:
    origin = Origin(tmp_path / "wuhan.db")
    yield origin
    origin.close()


def request(**told: object) -> intake.SubmitRequest:
    rows = [intake.Row(key="1", body=registration(1).SerializeToString())]
    good: dict[str, object] = {
        "standard": "operator.registration",
        "version": 1,
        "source": "registry",
        "audience": ["all"],
        "purpose": "p",
        "legal_basis": "b",
        "rows": rows,
    }
    return intake.SubmitRequest(**(good | told))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"purpose": " "}, Reason.PURPOSE_REQUIRED),
        ({"legal_basis": ""}, Reason.PURPOSE_REQUIRED),
        ({"purpose": "p" * 501}, Reason.INVALID_ARGUMENT),
        ({"source": ""}, Reason.INVALID_ARGUMENT),
        ({"source": "s" * 201}, Reason.INVALID_ARGUMENT),
        ({"file": "f" * 201}, Reason.INVALID_ARGUMENT),
        ({"file": "a\tb.csv"}, Reason.INVALID_ARGUMENT),
        ({"audience": ["../x"]}, Reason.INVALID_ARGUMENT),
        ({"audience": ["all"] * 101}, Reason.INVALID_ARGUMENT),
        ({"as_of_ms": -1}, Reason.INVALID_ARGUMENT),
        ({"as_of_ms": 2**63 - 1}, Reason.INVALID_ARGUMENT),
        ({"standard": "node.policy_change"}, Reason.PERMISSION_DENIED),
        ({"standard": "case.notice"}, Reason.PERMISSION_DENIED),
        ({"standard": "no.such"}, Reason.UNKNOWN_STANDARD),
        ({"rows": [intake.Row()] * 1001}, Reason.TOO_LARGE),
    ],
)
def test_refused_whole(origin: Origin, told: dict[str, object], reason: Reason) -> None:
    clock = SetClock()
    ingest = Ingest(origin.store, clock, Retractions(origin.policy.in_force, lambda: (), clock))
    with pytest.raises(NodeError) as refused:
        ingest.begin(request(**told))
    assert refused.value.reason is reason
    assert origin.size == 0


def test_a_day_ahead_is_a_clock_that_differs(origin: Origin) -> None:
    clock = SetClock()
    ingest = Ingest(origin.store, clock, Retractions(origin.policy.in_force, lambda: (), clock))
    answer = ingest.finish(ingest.begin(request(as_of_ms=clock.now_ms() + DAY_MS)))
    assert [each.status for each in answer.outcomes] == [intake.STATUS_ACCEPTED]
