"""The schedule goes by the monotonic clock: it neither stands still nor catches up when the wall clock is set."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.scheduler import Every, MonotonicZone, Scheduler
from tests.kit.waiting import eventually

ZONE = MonotonicZone()
BEGIN = datetime(1970, 1, 2, tzinfo=ZONE)
SECONDS = st.floats(0.001, 1e6, allow_nan=False)


@given(SECONDS, SECONDS, st.floats(0, 1e9))
def test_the_next_turn_is_due_within_one_interval_and_in_step(interval_s: float, first_s: float, late_s: float) -> None:
    turns = Every(interval_s, first_s)
    first = turns.get_next_fire_time(None, BEGIN)
    assert first == BEGIN + timedelta(seconds=first_s)
    now = first + timedelta(seconds=late_s)
    due = turns.get_next_fire_time(first, now)
    interval = timedelta(seconds=interval_s)
    assert now <= due <= now + interval
    assert (due - first) % interval == timedelta()


def test_now_in_this_zone_is_the_monotonic_clock() -> None:
    before = time.monotonic()
    now = datetime.now(ZONE)
    assert before <= (now - datetime(1970, 1, 1, tzinfo=ZONE)).total_seconds() + 1e-5
    assert now.astimezone(UTC).replace(tzinfo=ZONE) == now


@pytest.fixture
def scheduler() -> Iterator[Scheduler]:
    made = Scheduler("changsha", 0.05)
    yield made
    made.stop()


def test_jobs_run_by_interval_and_go_with_their_peer(scheduler: Scheduler) -> None:
    pulls: list[str] = []
    turned = threading.Event()

    def pull(city: str) -> None:
        pulls.append(city)
        if pulls.count("wuhan") >= 3 and pulls.count("hefei") >= 3:
            turned.set()

    scheduler.set_peers(["wuhan", "hefei"], pull)
    scheduler.start()
    assert turned.wait(10)
    scheduler.set_peers(["wuhan"], pull)
    pulls.clear()
    eventually(lambda: pulls.count("wuhan") >= 5)
    assert set(pulls) <= {"wuhan", "hefei"}
    assert pulls.count("hefei") <= 1  # one that was under way
