"""Adapters that hand in rows at several cities while a test breaks something, and remember what was acknowledged."""

import threading
import time
from collections import Counter
from collections.abc import Iterable
from random import Random
from types import TracebackType

from google.protobuf.message import Message

from node.core.standards import standard as standards
from node.demo.check_stores import Acknowledged
from node.errors import NodeError
from node.stubs.intake.v1 import intake_pb2 as intake
from node.stubs.standard.v1.operator_pb2 import (
    OPERATOR_STATUS_DEREGISTERED,
    OPERATOR_STATUS_IN_BUSINESS,
    Address,
    OperatorRegistration,
)
from node.testing.city import City, batch

_STANDARD = standards.get("operator.registration")
_TAKEN = (intake.STATUS_ACCEPTED, intake.STATUS_DUPLICATE, intake.STATUS_SUPERSEDED, intake.STATUS_OUTDATED)
_AGAIN_S = 0.3
# Numbers of legacy registrations: each load has its own, so that two of them never mean the same operator.
_loads = iter(range(1, 100_000))


class Load:
    """One adapter for each city: new rows, now and then a correction of earlier ones, now and then a retraction.

    A batch that fails is handed in again until it is acknowledged, as an adapter does.

    Attributes:
        acknowledged: What the nodes said is durable.
        refused: How often, by city and reason, a batch was not taken.
    """

    def __init__(self, cities: Iterable[City], seed: int = 0, rows: int = 5, pause_s: float = 0.4) -> None:
        self.acknowledged: list[Acknowledged] = []
        self.refused: Counter[tuple[str, str]] = Counter()
        self._number = next(_loads)
        self._rows = rows
        self._pause_s = pause_s
        self._stopping = threading.Event()
        self._failures: list[BaseException] = []
        self._threads = [
            threading.Thread(target=self._run, args=(city, place, f"{seed} {city.slug}"), name=f"load-{city.slug}")
            for place, city in enumerate(cities)
        ]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        if self._failures and error is None:
            raise self._failures[0]

    def count(self, slug: str) -> int:
        """How much of a city was acknowledged so far."""
        return sum(each.id.rpartition("-")[0] == slug for each in list(self.acknowledged))

    def await_more(self, slug: str, count: int = 1, timeout_s: float = 30) -> None:
        """Waits until a city has acknowledged so much more.

        Raises:
            TimeoutError: It has not.
        """
        due, deadline = self.count(slug) + count, time.monotonic() + timeout_s
        while self.count(slug) < due:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{slug} acknowledged nothing for {timeout_s:g} s; refused: {self.refused}")
            time.sleep(0.05)

    def _run(self, city: City, place: int, seed: str) -> None:
        random = Random(seed)  # noqa: S311 - it must replay
        try:
            for number in range(1_000_000):
                if self._stopping.wait(self._pause_s):
                    return
                self._hand_in(city, self._bodies(place, number, random))
                if random.random() < 0.05:
                    self._retract(city, random)
        except BaseException as error:  # noqa: BLE001 - raised again where the load is ended
            self._failures.append(error)

    def _bodies(self, place: int, number: int, random: Random) -> list[OperatorRegistration]:
        corrects = number > 0 and random.random() < 0.2
        of = random.randrange(number) if corrects else number
        first = self._number * 1_000_000_000 + place * 100_000_000 + of * self._rows
        return [_operator(first + row, version=number if corrects else 0) for row in range(self._rows)]

    def _hand_in(self, city: City, bodies: list[OperatorRegistration]) -> None:
        request = batch(bodies, source="load")
        while not self._stopping.is_set():
            try:
                outcomes = city.submit(request).outcomes
            except NodeError as error:
                self.refused[city.slug, error.reason] += 1
                self._stopping.wait(_AGAIN_S)
            else:
                self.acknowledged += map(_acknowledge, outcomes, bodies)
                return

    def _retract(self, city: City, random: Random) -> None:
        known = [each.id for each in self.acknowledged if each.subject and each.id.startswith(f"{city.slug}-")]
        try:
            self.acknowledged.append(city.retract(random.choice(known)))
        except NodeError as error:  # not tried again: nobody was told that it happened
            self.refused[city.slug, error.reason] += 1


_DIGITS = str.maketrans("0123456789", "零一二三四五六七八九")


def _acknowledge(outcome: intake.Outcome, body: Message) -> Acknowledged:
    if outcome.status not in _TAKEN:
        raise AssertionError(f"a good row was answered with {intake.Status.Name(outcome.status)}: {outcome.findings}")
    return Acknowledged(outcome.id, _STANDARD.subjects(body)[0])


def _operator(number: int, version: int) -> OperatorRegistration:
    return OperatorRegistration(
        legacy_number=f"{number:015}",
        name=f"第{str(number).translate(_DIGITS)}号商行·{version}",  # eleven digits could be a mobile number
        status=OPERATOR_STATUS_DEREGISTERED if number % 11 == 0 else OPERATOR_STATUS_IN_BUSINESS,
        actual_address=Address(text=f"{str(number).translate(_DIGITS)}号"),
        phone=f"0731-{number % 10**8:08}",
    )
