"""A steady load: rows taken in, corrected and sent again, questions beside them, pulls by the nodes' own schedule."""

import random
import threading
import time
from collections.abc import Callable
from types import TracebackType

from node.errors import NodeError
from node.stubs.query.v1 import query_pb2 as query
from node.stubs.standard.v1.operator_pb2 import OPERATOR_STATUS_IN_BUSINESS, OperatorRegistration
from node.testing.local import ProcessCity
from tests.kit.samples.registry import uscc

TICK_S = 1.0
ROWS = 20
QUESTIONS = 10
BATCH = 1000


class Load:
    """Two threads for each city, one that hands in and one that asks, until the load is left.

    Attributes:
        done: How much of what was done.
    """

    def __init__(self, cities: list[ProcessCity], rows: int) -> None:
        """Fills the stores; the load begins when it is entered.

        Args:
            cities: Running.
            rows: At each city, before the load begins: until page caches and write-ahead logs are full, both grow.
        """
        self.done = {"rows": 0, "questions": 0, "failures": 0}
        self._cities = cities
        self._newest = {city.slug: rows for city in cities}
        self._ends = threading.Event()
        self._threads = [
            threading.Thread(target=self._repeat, args=(work, number))
            for work in (self._hand_in, self._ask)
            for number in range(len(cities))
        ]
        for number, city in enumerate(cities):
            for begin in range(0, rows, BATCH):
                city.take_in(*(registration(number, place) for place in range(begin, min(begin + BATCH, rows))))

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ends.set()
        for thread in self._threads:
            thread.join()

    def _repeat(self, work: Callable[[int], None], number: int) -> None:
        while not self._ends.is_set():
            begun_s = time.monotonic()
            try:
                work(number)
            except NodeError as error:
                self.done["failures"] += 1
                print(f"{self._cities[number].slug}: {error}", flush=True)
            self._ends.wait(max(0.0, begun_s + TICK_S - time.monotonic()))

    def _hand_in(self, number: int) -> None:
        """New rows for three quarters, corrections and rows sent again for the rest."""
        city = self._cities[number]
        begin = self._newest[city.slug]
        places = [begin + place if place % 4 else random.randrange(begin + 1) for place in range(ROWS)]
        self._newest[city.slug] = begin + ROWS
        city.take_in(*(registration(number, place) for place in dict.fromkeys(places)))
        self.done["rows"] += ROWS

    def _ask(self, number: int) -> None:
        """About operators of this city and of the others."""
        city = self._cities[number]
        for _ in range(QUESTIONS):
            of = random.randrange(len(self._cities))
            place = random.randrange(self._newest[self._cities[of].slug] + 1)
            city.verify(query.Question(uscc=uscc(of * 10_000_000 + place), name="某商行"))
            self.done["questions"] += 1


def registration(number: int, place: int) -> OperatorRegistration:
    """Operator `place` of a city, by another name now and then."""
    code = uscc(number * 10_000_000 + place)
    return OperatorRegistration(
        uscc=code, name=f"第{place}号商行{random.randrange(3)}", status=OPERATOR_STATUS_IN_BUSINESS
    )
