"""A wrong file is taken back whole, by two officers, and nothing else with it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from node.core.log.record import Record
from node.core.members.actor import Actor
from node.core.policy.policy import Policy
from node.core.standards import standard as standards
from node.errors import NodeError, Reason
from node.storage.sqlite.log import OWN
from node.stubs.intake.v1 import intake_pb2 as pb
from node.usecases.records import loads
from node.usecases.records.ingest import Ingest
from node.usecases.records.loads import LoadNumbers, LoadRetraction
from node.usecases.records.retract import Retractions
from tests.kit.casework.casework_city import AUDITOR, CLERK, LI, ZHANG
from tests.kit.stores.city import City, operator

WHY = ("correction", "数据安全法 第二十一条")
STANDARD = "operator.registration"


class Registry:
    """A city, and the adapter that hands rows in; each call of `load` is a stream of its own."""

    def __init__(self, folder: Path) -> None:
        self.city = City(folder, "changsha")
        policy = Policy("changsha", (), (), {})
        retractions = Retractions(lambda: policy, tuple, self.city.clock)
        self.ingest = Ingest(self.city.store, self.city.clock, retractions)
        self.retraction = LoadRetraction(self.city.store, self.city.clock)

    def load(self, *names: str, file: str = "a.csv") -> int:
        """Hands in operators by name, two a batch; the place of each is its row's key. Returns the load's number."""
        load_of = LoadNumbers(self.city.store, "registry", self.city.clock).of
        self.city.clock.at_ms += 1000
        rows = [pb.Row(key=code(place), body=body(place, name)) for place, name in enumerate(names)]
        answers = [
            self.ingest.finish(self.ingest.begin(self._request(rows[begin : begin + 2], file), load_of))
            for begin in range(0, len(rows), 2)
        ]
        return max(answer.load for answer in answers)

    def _request(self, rows: list[pb.Row], file: str) -> pb.SubmitRequest:
        return pb.SubmitRequest(
            standard=STANDARD, version=1, source="s", audience=["all"], purpose="p", legal_basis="b",
            rows=rows, file=file, as_of_ms=self.city.clock.at_ms,
        )  # fmt: skip

    def take_back(self, number: int) -> None:
        self.retraction.ask(ZHANG, number, *WHY)
        self.retraction.approve(LI, number)

    def standing(self, count: int) -> list[str]:
        """The names that the node answers with for each place; empty where it has none."""
        standing = (self.city.store.by_subject(f"reg:{code(place)}") for place in range(count))
        return [
            name(record) for records in standing for record in ([each for _, each in records] if records else [None])
        ]


def code(place: int) -> str:
    return f"43010000000{place:04}"


def body(place: int, named: str) -> bytes:
    return operator("", name=named, legacy_number=code(place)).SerializeToString()


def name(record: Record | None) -> str:
    bodies = record.bodies() if record else ()
    return str(getattr(standards.get(STANDARD).merge(bodies), "name", ""))


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    made = Registry(tmp_path)
    yield made
    made.city.close()


def test_a_load_is_what_one_file_made(registry: Registry) -> None:
    first, second = registry.load("甲", "乙", "丙"), registry.load("甲", "乙", "丁", file="b.csv")
    store = registry.city.store
    found = {each.number: (each.client, each.file, each.records, each.retracted) for each in store.loads(99, 9)}
    # A row said again makes no record.
    assert found == {first: ("registry", "a.csv", 3, 0), second: ("registry", "b.csv", 1, 0)}
    assert [each.number for each in store.loads(second, 9)] == [first]


def test_each_file_of_a_stream_is_a_load_of_its_own(registry: Registry) -> None:
    load_of = LoadNumbers(registry.city.store, "registry", registry.city.clock).of
    files = ("a.csv", "b.csv", "a.csv")
    assert len({load_of(pb.SubmitRequest(standard=STANDARD, source="s", file=file)) for file in files}) == 2


def test_taken_back_every_version_of_its_rows_goes_and_the_right_file_comes_in(registry: Registry) -> None:
    registry.load("甲", "乙", "丙")
    wrong = registry.load("错甲", "错乙", "丙", "错丁")
    registry.take_back(wrong)
    assert registry.standing(4) == ["", "", "丙", ""]
    store = registry.city.store
    # The versions before them are gone too: no peer goes back to what was replaced.
    assert store.retracted(0, 99) == {0, 1, 3, 4, 5}
    load = store.load(wrong)
    assert (load.records, load.retracted, load.asked_by, load.approved_by) == (3, 3, "zhang", "li")
    registry.load("甲", "乙", "丙", "丁")
    assert registry.standing(4) == ["甲", "乙", "丙", "丁"]


def test_what_a_later_load_made_of_a_row_stays(registry: Registry) -> None:
    wrong = registry.load("错甲", "错乙")
    registry.load("甲")
    registry.take_back(wrong)
    assert registry.standing(2) == ["甲", ""]
    assert registry.city.store.retracted(0, 99) == {0, 1}


def test_a_row_twice_in_one_load_is_taken_back_once(registry: Registry) -> None:
    load_of = LoadNumbers(registry.city.store, "registry", registry.city.clock).of
    for named in ("甲一", "甲二", "甲三"):
        registry.city.clock.at_ms += 1000
        request = registry._request([pb.Row(key=code(0), body=body(0, named))], "a.csv")
        number = registry.ingest.finish(registry.ingest.begin(request, load_of)).load
    size = registry.city.store.origin("changsha").size
    registry.take_back(number)
    assert registry.city.store.origin("changsha").size == size + 3


@pytest.mark.parametrize(
    ("actor", "reason"),
    [(ZHANG, Reason.WRONG_ACTOR), (CLERK, Reason.WRONG_ACTOR), (AUDITOR, Reason.WRONG_ACTOR), (LI, Reason.FOUR_EYES)],
)
def test_nobody_does_it_alone(registry: Registry, actor: Actor, reason: Reason) -> None:
    number = registry.load("甲")
    registry.retraction.ask(LI, number, *WHY)
    with pytest.raises(NodeError) as refused:
        registry.retraction.approve(actor, number)
    assert refused.value.reason is reason
    assert registry.standing(1) == ["甲"]


def test_what_cannot_be_taken_back_is_said(registry: Registry) -> None:
    number, again = registry.load("甲"), registry.load("", "乙", file="b.csv")
    registry.take_back(again)
    refused: list[Reason] = []
    for call in (
        lambda: registry.retraction.approve(LI, number),  # nobody asked
        lambda: registry.retraction.ask(AUDITOR, number, *WHY),
        lambda: registry.retraction.ask(ZHANG, number, "", ""),
        lambda: registry.retraction.ask(ZHANG, 99, *WHY),
        lambda: registry.take_back(again),
    ):
        with pytest.raises(NodeError) as caught:
            call()
        refused.append(caught.value.reason)
    wanted = [Reason.INVALID_ARGUMENT, Reason.WRONG_ACTOR, Reason.PURPOSE_REQUIRED, Reason.NOT_FOUND]
    assert refused == [*wanted, Reason.INVALID_ARGUMENT]


def test_broken_off_it_goes_on_when_approved_again(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    number = registry.load(*"甲乙丙丁戊")
    monkeypatch.setattr(loads, "_CHUNK", 2)
    registry.retraction.ask(ZHANG, number, *WHY)
    append, left = registry.city.store.append, [1]

    def breaks_off(*args: object, **options: object) -> object:
        if not left:
            raise NodeError(Reason.STORAGE_FULL, "full")
        left.pop()
        return append(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(registry.city.store, "append", breaks_off)
    with pytest.raises(NodeError, match="full"):
        registry.retraction.approve(LI, number)
    assert registry.city.store.load(number).retracted == 2
    left += [1, 1]
    assert registry.retraction.approve(LI, number).retracted == 5
    assert registry.city.store.retracted(0, 99) == {0, 1, 2, 3, 4}
    assert registry.city.store.origin("changsha").size == 10
    assert [record.index for record in registry.city.store.records(OWN, 0, 99)] == list(range(10))
