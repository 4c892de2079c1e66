"""Hints: prompt, coalesced, and no faster than the pause however often they come."""

import threading
import time
from itertools import pairwise

from node.usecases.exchange.debouncer import Debouncer, Hints
from tests.kit.waiting import eventually


class Runs:
    def __init__(self, lasts_s: float = 0) -> None:
        self.at_s: list[tuple[str, float]] = []
        self._lasts_s = lasts_s

    def __call__(self, city: str) -> None:
        self.at_s.append((city, time.monotonic()))
        time.sleep(self._lasts_s)


def test_a_flood_of_hints_makes_few_runs_and_the_last_is_not_lost() -> None:
    runs = Runs(lasts_s=0.05)
    soon = Debouncer("test", runs, 0.2)
    ended_s = time.monotonic() + 0.5
    while time.monotonic() < ended_s:
        soon.ask("hefei")
        time.sleep(0.001)
    asked_last_s = time.monotonic()
    soon.ask("hefei")
    eventually(lambda: runs.at_s[-1][1] >= asked_last_s)
    soon.stop()
    times_s = [at_s for _, at_s in runs.at_s]
    assert len(times_s) >= 2
    # From begin to begin: what the job takes, then the pause. A busy machine makes both longer, never shorter.
    assert all(later - sooner >= 0.24 for sooner, later in pairwise(times_s))


def test_one_city_does_not_wait_for_another_and_an_error_ends_nothing() -> None:
    blocked, seen = threading.Event(), threading.Event()

    def run(city: str) -> None:
        if city == "hefei":
            blocked.wait(10)
        elif not seen.is_set():
            seen.set()
            raise ValueError(city)

    soon = Debouncer("test", run, 0.01)
    soon.ask("hefei")
    soon.ask("wuhan")
    assert seen.wait(5)
    blocked.set()
    soon.stop()


def test_only_peers_in_the_audience_are_hinted() -> None:
    runs = Runs()
    hints = Hints(Debouncer("test", runs, 0), lambda: ("hefei", "wuhan"))
    hints.notify(("changsha", "hefei", "nowhere"))
    eventually(lambda: len(runs.at_s))
    assert [city for city, _ in runs.at_s] == ["hefei"]
    hints.notify(("all",))
    eventually(lambda: len(runs.at_s) == 3)
    assert sorted(city for city, _ in runs.at_s) == ["hefei", "hefei", "wuhan"]
