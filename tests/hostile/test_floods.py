"""A member that names one operator again and again: who asks reads the newest of each city, and is told of the rest."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from node.core.standards import standard as standards
from node.storage.sqlite.log import Entry as LogEntry
from node.storage.sqlite.lookup import PER_CITY
from node.storage.sqlite.reader import PER_SUBJECT, Reader
from node.stubs.query.v1.query_pb2 import RESULT_AMBIGUOUS, RESULT_MATCH, Question
from node.stubs.record.v1.record_pb2 import Header
from node.stubs.screening.v1.screening_pb2 import RESULT_HIT, Entry
from node.usecases.casework.lists.screen import Screening, digest_keys
from node.usecases.records.show_operator import show_operator
from node.usecases.records.verify_operator import Asker, VerifyOperator
from tests.kit.casework.casework_city import federation
from tests.kit.clock import NOW_MS
from tests.kit.samples.standards import serious
from tests.kit.stores.city import PURPOSE, City, operator

USCC, OTHER = "914300007121944054", "91430000184255293D"
COUNT = PER_SUBJECT + 400
NOBODY = federation("changsha").connections
OFFICER = Asker(PURPOSE, is_officer=True)


def flooding(standard: str, subject: str, count: int) -> Iterator[LogEntry]:
    """So many records of a standard that all name one subject, each its own."""
    known = standards.get(standard)
    body = operator(USCC) if standard == "operator.registration" else serious()
    if standard == "listing.serious":
        body.party.uscc = USCC  # type: ignore[attr-defined]
    bodies = known.split(body.SerializeToString()) if standard != "alert" else [b""] * len(known.facets)
    for _ in range(count):
        header = Header(standard=standard, version=1, city="wuhan", audience=["all"], issued_at_ms=NOW_MS)
        header.subjects.append(subject)
        yield LogEntry.of(header, bodies)


class World:
    def __init__(self, folder: Path, standard: str) -> None:
        self.standard = standard
        self.own, self.liar = City(folder, "changsha"), City(folder, "wuhan")
        self.id = self.own.register(operator(USCC))
        self.other = self.own.register(operator(OTHER))
        self.liar.append(list(flooding(standard, f"uscc:{USCC}", COUNT)))
        self.own.pull(self.liar)
        self.verifier = VerifyOperator(self.own.store, self.own.clock, 10**12)

    def close(self) -> None:
        self.own.close()
        self.liar.close()


@pytest.fixture(scope="module", params=["operator.registration", "listing.serious", "alert"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("flood"), request.param)
    yield made
    made.close()


def test_a_question_reads_the_newest_of_each_city(world: World) -> None:
    answer = world.verifier.verify(Question(uscc=USCC), OFFICER).answer
    many = world.standard == "operator.registration"
    assert answer.result == (RESULT_AMBIGUOUS if many else RESULT_MATCH)
    assert answer.more is many
    both = world.verifier.verify_all([Question(uscc=USCC), Question(uscc=OTHER)] * 400, OFFICER)
    assert [each.result for each in both[:2]] == [answer.result, RESULT_MATCH]


def test_a_roster_is_screened_by_the_newest_of_each_city(world: World) -> None:
    screener = Screening(world.own.store, world.own.clock, 10**12, lambda: NOBODY)
    listed, other = screener.screen(digest_keys([Entry(uscc=USCC), Entry(uscc=OTHER)]), OFFICER)
    many = world.standard == "listing.serious"
    assert (listed.result == RESULT_HIT, listed.more) == (many, many)
    assert len(listed.hits) <= PER_CITY
    assert other.more is False


def test_records_are_shown_in_pages(world: World) -> None:
    seen, after = [], 0
    for _ in range(COUNT // 400 + 2):
        page = show_operator(world.own.store, f"uscc:{USCC}", PURPOSE, 500, after)
        seen += [each.id for each in page.records]
        if not (after := page.next):
            break
    assert after == 0
    assert seen == [world.id, *(f"wuhan-{number}" for number in range(COUNT))]


def test_of_a_subject_the_first_of_each_peer_count(world: World) -> None:
    found = Reader(world.own.path).by_subject(f"uscc:{USCC}")
    assert len(found) == 1 + PER_SUBJECT
    assert (found[0][0], found[0][1].index) == (0, 0)
