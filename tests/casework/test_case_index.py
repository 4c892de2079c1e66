"""The index of cases: summaries, kept while nothing changes, are those of the cases as they are opened."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from node.core.law.calendar import SHANGHAI, vendored_calendar
from node.core.log.record import Record
from node.core.members.actor import Actor
from node.storage.sqlite.log import Entry
from node.stubs.record.v1.record_pb2 import Header
from node.stubs.standard.v1 import alert_pb2
from node.usecases.casework.case_file import PURPOSE, CaseFile, CaseRepository
from node.usecases.casework.case_index import CaseIndex
from node.usecases.casework.case_summary import CaseSummary, summary_of
from node.usecases.casework.notices import Notices
from node.usecases.casework.worklist import first, inbox, outbox
from tests.kit.casework.casework_city import (
    JD,
    LI,
    CaseworkCity,
    act,
    audience_view,
    federation,
    referring,
    send,
    with_act,
)
from tests.kit.samples.standards import alert, complaint, measure

CITIES = ("changsha", "hefei", "wuhan")
CALENDAR = vendored_calendar()
DAY_MS = 1_778_040_000_000  # 2026-05-06, noon in Shanghai


@pytest.fixture
def desks(tmp_path: Path) -> Iterator[tuple[CaseworkCity, CaseworkCity, CaseworkCity]]:
    made = tuple(CaseworkCity(tmp_path, city, CITIES) for city in CITIES)
    for desk in made:
        desk.clock.at_ms = DAY_MS
    yield made  # type: ignore[misc]
    for desk in made:
        desk.close()


def fresh(desk: CaseworkCity) -> CaseIndex:
    return CaseIndex(desk.store, CALENDAR, lambda: desk.federation)


def kept(case_index: CaseIndex) -> dict[str, CaseSummary]:
    return {line.id: line for line in case_index.summaries()}


def agree(*desks: CaseworkCity) -> None:
    """What each city kept is what it would read now, and what opening each case says."""
    for desk in desks:
        assert kept(desk.cases) == kept(fresh(desk))
        for line in desk.cases.summaries():
            assert line == summary_of(desk.cases.repository.open(line.id), CALENDAR)


def acknowledge(desk: CaseworkCity) -> int:
    return Notices(desk.store, desk.clock, lambda _: None, desk.cases).acknowledge()


def test_lines_follow_acts_notices_and_pulls(desks: tuple[CaseworkCity, CaseworkCity, CaseworkCity]) -> None:
    changsha, hefei, wuhan = desks
    cases = [send(changsha) for _ in range(3)]
    changsha.act("complaint", "", with_act(complaint(), "register"))
    agree(changsha)
    hefei.see(changsha)
    agree(hefei)
    assert (set(kept(hefei.cases)), kept(wuhan.cases)) == (set(cases), {})
    assert acknowledge(hefei) == 3
    hefei.act("referral", cases[0], referring("receive"))
    changsha.see(hefei)
    agree(*desks)
    lines = kept(changsha.cases)
    assert [lines[case].state for case in cases] == ["received", "sent", "sent"]
    assert (lines[cases[1]].stored_by, lines[cases[1]].opened_by) == (("hefei",), ())
    Notices(hefei.store, hefei.clock, lambda _: None, hefei.cases).opened(LI, hefei.casework.open(LI, cases[1]))
    changsha.see(hefei)
    agree(*desks)
    assert kept(changsha.cases)[cases[1]].opened_by == ("hefei",)


def test_a_look_reads_only_the_cases_that_changed(desks: tuple[CaseworkCity, CaseworkCity, CaseworkCity]) -> None:
    changsha, *_ = desks
    cases = [send(changsha) for _ in range(3)]
    number, lines = changsha.cases.changed_since(0)
    assert {line.id for line in lines} == set(cases)
    before = kept(changsha.cases)
    assert changsha.cases.changed_since(number) == (number, [])
    changsha.act("referral", cases[1], referring("supplement"))
    later, lines = changsha.cases.changed_since(number)
    assert (later > number, [line.id for line in lines]) == (True, [cases[1]])
    after = kept(changsha.cases)
    assert all(after[case] is before[case] for case in (cases[0], cases[2]))


def test_what_a_peer_takes_back_or_discloses_changes_the_line(
    desks: tuple[CaseworkCity, CaseworkCity, CaseworkCity],
) -> None:
    changsha, hefei, _ = desks
    case = send(changsha)
    hefei.see(changsha)
    noted = changsha.act("referral", case, referring("supplement"))
    hefei.see(changsha)
    assert kept(hefei.cases)[case].last_act == "supplement"
    # Another grant hides what the first act says, and shows it again.
    for hidden, grant in ((True, "narrow"), (False, "wide")):
        see = _masked if hidden else audience_view("hefei")
        hefei.pull(changsha, see, PURPOSE, grant)
        hefei.revise(changsha, see, grant)
        agree(hefei)
        assert (case in kept(hefei.cases)) is not hidden
    changsha.append(
        [Entry.of(Header(standard="referral", version=1, city="changsha", retracts=noted.id, audience=["all"]), ())]
    )
    hefei.see(changsha)
    agree(changsha, hefei)
    assert kept(hefei.cases)[case].last_act == "send"


def test_what_others_first_saw_and_was_destroyed_changes_the_line(
    desks: tuple[CaseworkCity, CaseworkCity, CaseworkCity],
) -> None:
    changsha, hefei, _ = desks
    case = changsha.decide("alert", "", with_act(alert(), "issue")).case
    hefei.see(changsha)
    agree(hefei)
    withdrawn = alert_pb2.Alert(
        act=act("withdraw", reasons="查无实据"), withdrawal=alert_pb2.WITHDRAWAL_GROUND_UNFOUNDED
    )
    changsha.decide("alert", case, withdrawn)
    agree(changsha)
    hefei.see(changsha)
    agree(hefei)
    assert {kept(desk.cases)[case].state for desk in (changsha, hefei)} == {"withdrawn"}


def _masked(record: Record) -> Record:
    seen = audience_view("hefei")(record)
    return seen.masked(()) if seen.is_open else seen


def test_lines_follow_the_cards_that_say_who_speaks_for_a_platform(
    desks: tuple[CaseworkCity, CaseworkCity, CaseworkCity],
) -> None:
    _, hefei, _ = desks
    body = with_act(measure(), "issue")
    body.target.platform.name = JD.account.name  # type: ignore[attr-defined]
    body.starts_on, body.ends_on, body.review_on = "2026-05-06", "2026-06-06", ""  # type: ignore[attr-defined]
    body.platform_city = ""  # type: ignore[attr-defined]
    case = hefei.decide("measure.request", "", body).case
    hefei.act("measure.request", case, type(body)(act=act("ack")), actor=JD)
    case_index = fresh(hefei)
    assert kept(case_index)[case].state == "acked"
    hefei.federation = federation("changsha", "wuhan")
    assert kept(case_index)[case].state == "issued"


def test_a_record_that_names_many_cases_costs_a_look_at_one(
    desks: tuple[CaseworkCity, CaseworkCity, CaseworkCity], monkeypatch: pytest.MonkeyPatch
) -> None:
    changsha, hefei, _ = desks
    case = send(changsha)
    hefei.see(changsha)
    header = Header(standard="referral", version=1, city="hefei", audience=["changsha", "hefei"])
    header.subjects.extend([f"case:changsha-{number}" for number in range(500)] + ["workflow:referral"])
    hefei.append([Entry.of(header, (b"", b""))])
    changsha.see(hefei)
    opened: list[str] = []
    plain = CaseRepository.open

    def counted(repository: CaseRepository, case: str) -> CaseFile:
        opened.append(case)
        return plain(repository, case)

    monkeypatch.setattr(CaseRepository, "open", counted)
    assert set(kept(changsha.cases)) == {case}
    assert opened == [case]


def test_boxes_tell_the_first_and_how_many_there_are(desks: tuple[CaseworkCity, CaseworkCity, CaseworkCity]) -> None:
    changsha, hefei, _ = desks
    for number in range(4):
        body = with_act(complaint(), "register")
        changsha.clock.at_ms = DAY_MS + number * 86_400_000
        changsha.act("complaint", "", body)
    changsha.decide("alert", "", with_act(alert(), "issue"))
    now = datetime.fromtimestamp(changsha.clock.at_ms / 1000, SHANGHAI)
    found = inbox(changsha.casework.cases(LI), "changsha", now)
    due = [each.nearest.due for each in found if each.nearest]
    assert (len(found), due == sorted(due)) == (4, True)
    assert [each.case.id for each in first(found, 2)] == [each.case.id for each in found[:2]]
    assert [each.case.workflow.name for each in outbox(changsha.casework.cases(LI), "changsha", now)] == ["alert"]
    assert hefei.casework.cases(Actor("x", LI.account)) == []
