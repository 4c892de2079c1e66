"""Every reader of another city's records passes over what cannot be read, says so, and answers all else."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import pytest

from node.cli.shared.query import plain_record, print_record
from node.core.law.calendar import SHANGHAI, vendored_calendar
from node.core.log.proof import format_proof
from node.core.standards.standard import standards
from node.errors import NodeError
from node.storage.sqlite.inspection import inspect
from node.storage.sqlite.log import Entry
from node.storage.sqlite.name_search import NameSearch
from node.storage.sqlite.reader import Reader
from node.storage.sqlite.search import SearchIndex, count_unreadable
from node.storage.sqlite.store import Store
from node.stubs.query.v1.query_pb2 import RESULT_MATCH, Question
from node.stubs.record.v1.record_pb2 import Header
from node.stubs.screening.v1 import screening_pb2 as screening
from node.usecases.casework.case_file import PURPOSE as ENFORCEMENT
from node.usecases.casework.case_summary import summary_of
from node.usecases.casework.deadlines import deadlines, scorecard
from node.usecases.casework.lists.lifecycle import ListingLifecycle
from node.usecases.casework.lists.screen import Screening, digest_keys
from node.usecases.casework.notices import Notices
from node.usecases.casework.show import show_case
from node.usecases.casework.worklist import inbox, listed, outbox
from node.usecases.evidence.read import show_case as evidence_of
from node.usecases.records.list_records import list_records
from node.usecases.records.prove import prove
from node.usecases.records.search_operators import SearchOperators
from node.usecases.records.show_operator import show_operator
from node.usecases.records.verify_operator import Asker, VerifyOperator
from node.usecases.upkeep.audit import OriginAudit, audit
from node.usecases.upkeep.checks.logs import unreadable_findings
from tests.kit.casework.casework_city import LI, CaseworkCity, at, send, shown
from tests.kit.samples.broken_bodies import put
from tests.kit.stores.city import PURPOSE, City, operator
from tests.kit.stores.evidence import store as evidence_store

USCC, OTHER = "914300007121944054", "91430000184255293D"
BOTH = f"{PURPOSE} {ENFORCEMENT}"
NOON = datetime(2026, 5, 6, 12, tzinfo=SHANGHAI)


class Victim:
    """An honest city that pulled from an honest one and from a hostile one, which names operator and case of both."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        cities = ("changsha", "hefei", "wuhan")
        self.own, self.peer, self.liar = (CaseworkCity(folder, city, cities) for city in cities)
        for each in (self.own, self.peer, self.liar):
            each.clock.at_ms = at("2026-05-06")
        self.id = self.own.register(operator(USCC))
        self.own.register(operator(OTHER, name="湖南省宏邦建设工程有限公司"))
        self.case = send(self.peer, "changsha")
        self.own.pull(self.peer, purpose=BOTH)
        self.broken = put(self.liar, self._names())
        self.own.pull(self.liar, purpose=BOTH)
        self.index = SearchIndex(folder / "search.db", self.own.path)
        while self.index.follow():
            pass

    def _names(self) -> tuple[str, ...]:
        workflows = ("complaint", "referral", "alert", "listing.serious", "listing.hit", "case.notice", "credit.repair")
        subjects = (f"uscc:{USCC}", "licence:SC10143010000001", f"case:{self.case}", f"case:{self.case}-x")
        return (*subjects, *(f"workflow:{name}" for name in workflows))

    @property
    def store(self) -> Store:
        return self.own.store

    def audit(self) -> dict[str, OriginAudit]:
        keys = {each.city: [each.key] for each in (self.own, self.peer, self.liar)}
        with inspect(self.own.path) as inspection:
            return {each.city: each for each in audit(inspection, lambda city: keys[city], lambda *_: None)}

    def close(self) -> None:
        self.index.close()
        for each in (self.own, self.peer, self.liar):
            each.close()


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    made = Victim(tmp_path_factory.mktemp("victim"))
    yield made
    made.close()


@pytest.mark.parametrize("is_officer", [True, False])
def test_a_question_is_answered(victim: Victim, is_officer: bool) -> None:
    verifier, asker = VerifyOperator(victim.store, victim.own.clock, 10**12), Asker(PURPOSE, is_officer)
    answer = verifier.verify(Question(uscc=USCC, name="湖南岳麓山建设集团有限公司"), asker).answer
    assert (answer.result, answer.record_id) == (RESULT_MATCH, victim.id)
    assert bool(answer.unreadable) is is_officer
    both = verifier.verify_all([Question(uscc=USCC), Question(uscc=OTHER)], asker)
    assert [each.result for each in both] == [RESULT_MATCH, RESULT_MATCH]


@pytest.mark.parametrize("is_officer", [True, False])
def test_a_roster_is_screened(victim: Victim, is_officer: bool) -> None:
    screener = Screening(victim.store, victim.own.clock, 10**12, lambda: victim.own.federation.connections)
    entries = digest_keys(
        [screening.Entry(uscc=USCC), screening.Entry(uscc=OTHER), screening.Entry(licence_number="SC10143010000001")]
    )
    screened = screener.screen(entries, Asker(PURPOSE, is_officer))
    assert [each.result for each in screened] == [
        screening.RESULT_UNANSWERED,
        screening.RESULT_NO_HIT,
        screening.RESULT_UNANSWERED,
    ]
    assert [bool(each.unreadable) for each in screened] == [is_officer, False, is_officer]


def test_a_search_finds_the_others(victim: Victim) -> None:
    searcher = SearchOperators(Reader(victim.own.path), NameSearch(victim.folder / "search.db"))
    assert victim.id in [each.id for each in searcher.search("岳麓山", 0, PURPOSE).records]
    (number,) = (each.number for each in victim.store.origins() if each.city == "wuhan")
    counted = count_unreadable(victim.folder / "search.db")
    assert set(counted) == {number}
    assert counted[number] > victim.broken // 2
    found = unreadable_findings(victim.store, victim.folder / "search.db")
    assert [(each.code, each.city) for each in found] == [("record_unreadable", "wuhan")]


def test_records_are_listed_shown_and_proven(victim: Victim) -> None:
    page = list_records(victim.store, "wuhan", 0, 500, PURPOSE)
    assert len(page.records) == victim.broken
    shown_of = show_operator(victim.store, f"uscc:{USCC}", PURPOSE)
    assert victim.id in [each.id for each in shown_of.records]
    for each in (*page.records, *shown_of.records):
        assert plain_record(each)["id"] == each.id
        print_record(each)
    for each in page.records[::20]:
        assert format_proof(prove(victim.store, each.id, PURPOSE))


def test_cases_are_read_and_lists_of_them_too(victim: Victim) -> None:
    case_index, clock = victim.own.cases, victim.own.clock
    assert victim.own.state(victim.case) == "sent"
    assert shown(victim.own, victim.case).state == "sent"
    summaries = case_index.summaries()
    assert victim.case in [each.id for each in summaries]
    boxes = (
        listed(summaries, NOON, closed=True),
        inbox(summaries, "changsha", NOON),
        outbox(summaries, "changsha", NOON),
    )
    for box in boxes:
        assert all(each.summary(NOON, "changsha").case for each in box)
    assert all(each.message(NOON) for each in deadlines(summaries, NOON))
    scorecard(summaries, NOON)
    notices = Notices(victim.store, clock, lambda _: None, case_index)
    assert notices.acknowledge() >= 1
    assert notices.remind() >= 0
    assert victim.own.casework.act_by_itself() == []
    assert not ListingLifecycle(victim.store, clock, case_index.repository).run()


def test_every_record_of_the_liar_may_be_asked_for_as_a_case(victim: Victim) -> None:
    calendar = vendored_calendar()
    for number in range(victim.broken):
        with suppress(NodeError):  # refused in words, never an error of the program
            file = victim.own.casework.open(LI, f"wuhan-{number}")
            show_case(file, LI, calendar, NOON, victim.own.casework.members, victim.own.casework.out_of_rule(file))
            summary_of(file, calendar)


def test_attachments_of_a_case_are_listed(victim: Victim) -> None:
    store = evidence_store(victim.folder / "evidence")
    assert victim.case in evidence_of(victim.store, store, victim.case, ENFORCEMENT).records


def test_an_audit_names_each_and_goes_on(victim: Victim) -> None:
    found = victim.audit()
    assert not found["hefei"].faults
    assert not [fault for fault in found["changsha"].faults if "changsha" in fault]
    assert found["wuhan"].fault_count > victim.broken // 2
    assert all(fault.startswith("wuhan-") for fault in found["wuhan"].faults)


def test_a_broken_policy_change_ends_no_audit(tmp_path: Path) -> None:
    own, liar = City(tmp_path, "changsha"), City(tmp_path, "wuhan")
    header = Header(standard="node.policy_change", version=1, city="wuhan", audience=["all"], issued_at_ms=1)
    liar.append([Entry.of(header, [b"\xff\xff"])])
    own.pull(liar)
    with inspect(own.path) as inspection:
        mine, theirs = audit(inspection, {"changsha": [own.key], "wuhan": [liar.key]}.__getitem__, lambda *_: None)
    assert (mine.faults, theirs.faults) == ([], ["wuhan-0: the body is not a node.policy_change v1"])


def test_nothing_ends_a_pull_of_them(victim: Victim, tmp_path: Path) -> None:
    """All of them stand, to the last: a fault of one is no fault of the log."""
    assert victim.store.origin("wuhan").size == victim.liar.store.origin("wuhan").size
    assert victim.store.peers.state("wuhan").frozen is False


def test_only_one_place_parses_a_body() -> None:
    """A reader that parses by itself would trust what a member wrote. Of the demo's own: its questions and its liar."""
    root = Path(__file__).parents[2] / "node"
    names = [f"{each.message_type.DESCRIPTOR.name}.FromString(" for each in standards()]
    names += ["message_type.FromString(", ".bodies("]
    files = (path for path in root.rglob("*.py") if root / "demo" not in path.parents)
    found = {path.relative_to(root).as_posix() for path in files if any(name in path.read_text() for name in names)}
    assert found == {"core/log/body.py", "core/standards/standard.py"}
