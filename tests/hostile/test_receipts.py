"""What others make a city write into its own log is bounded, whatever they open."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from node.core.standards import standard as standards
from node.storage.sqlite.log import Entry
from node.stubs.record.v1.record_pb2 import Header
from node.stubs.standard.v1 import alert_pb2
from node.usecases.casework.notices import RECEIPTS_PER_HOUR, Notices
from tests.kit.casework.desks import Desk, act, open_desks

Two = tuple[Desk, Desk]
_HOUR_MS = 3_600_000


@pytest.fixture
def desks(tmp_path: Path) -> Iterator[tuple[Desk, ...]]:
    """Changsha and Hefei."""
    with open_desks(tmp_path, "changsha", "hefei") as opened:
        yield opened


def opening(body: alert_pb2.Alert, at_ms: int) -> Entry:
    header = Header(standard="alert", version=1, city="hefei", audience=["changsha"], issued_at_ms=at_ms)
    header.subjects.append("workflow:alert")
    return Entry(header, standards.get("alert").split(body.SerializeToString()))


def test_a_city_that_opens_without_end_makes_others_write_so_much_an_hour(desks: Two) -> None:
    changsha, hefei = desks
    count = RECEIPTS_PER_HOUR + 150
    body = alert_pb2.Alert(act=act("issue", city="hefei", date="2026-05-06"))
    hefei.append([opening(body, hefei.clock.now_ms()) for _ in range(count)])
    changsha.see(hefei)
    notices = Notices(changsha.store, changsha.clock, lambda _: None, changsha.cases)
    assert [notices.acknowledge() for _ in range(3)] == [RECEIPTS_PER_HOUR, 0, 0]
    assert notices.remind() <= RECEIPTS_PER_HOUR
    changsha.clock.at_ms += _HOUR_MS
    assert [notices.acknowledge() for _ in range(2)] == [150, 0]
    again = Notices(changsha.store, changsha.clock, lambda _: None, changsha.cases)
    assert again.acknowledge() == 0
