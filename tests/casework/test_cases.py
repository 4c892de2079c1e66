"""Complaints, measures, alerts, clocks, receipts: the parts of casework a referral does not show."""

from datetime import datetime
from pathlib import Path

import pytest

from node.core.law.calendar import SHANGHAI, vendored_calendar
from node.core.log.record import SALT_BYTES
from node.core.policy.policy import Policy
from node.core.standards import standard as standards
from node.core.workflow.declared import WORKFLOWS
from node.core.workflow.timing import OUTSIDE, OWED_BY
from node.errors import NodeError, Reason
from node.storage.sqlite.log import Entry
from node.stubs.intake.v1.intake_pb2 import STATUS_REJECTED, Row, SubmitRequest
from node.stubs.record.v1.record_pb2 import Header
from node.stubs.standard.v1 import act_pb2, alert_pb2, listing_pb2, referral_pb2
from node.usecases.casework.case_index import CaseIndex
from node.usecases.casework.deadlines import deadlines, scorecard
from node.usecases.casework.notices import Notices
from node.usecases.casework.worklist import inbox, listed, outbox
from node.usecases.records.ingest import Ingest
from node.usecases.records.retract import Retractions, retract
from tests.kit.casework.casework_city import (
    CLERK,
    LI,
    ZHANG,
    CaseworkCity,
    act,
    at,
    files_with,
    referring,
    send,
    shown,
    with_act,
)
from tests.kit.samples.standards import alert, complaint, hit

NOW = datetime.fromisoformat("2026-05-06T10:00").replace(tzinfo=SHANGHAI)


def notices(desk: CaseworkCity) -> Notices:
    return Notices(desk.store, desk.clock, lambda audience: desk.told.append(tuple(audience)), desk.cases)


def running(desk: CaseworkCity, day: str) -> list[tuple[str, str, str, list[str]]]:
    now = datetime.fromtimestamp(at(day) / 1000, SHANGHAI)
    found = [each.message(now) for each in deadlines(desk.casework.cases(LI), now)]
    return [(clock.rule, clock.due, clock.state, list(clock.owed_by)) for clock in found]


def test_who_owes_what_is_said_of_every_rule() -> None:
    used = [(each, clock.rule) for each in WORKFLOWS.values() for act in each.acts for clock in act.deadlines]
    assert {rule for _, rule in used} == set(OWED_BY)
    assert all(party in each.party or party in OUTSIDE for each, rule in used for party in OWED_BY[rule])


def test_a_complaint_stays_in_its_city_and_its_clock_counts_working_days(three: tuple[CaseworkCity, ...]) -> None:
    changsha, hefei, _ = three
    changsha.clock.at_ms = at("2026-05-06")
    case = changsha.act("complaint", "", with_act(complaint(), "register"), actor=CLERK).case
    assert changsha.told[-1] == ("changsha",)
    # Seven working days after Wednesday the sixth; Saturday the ninth is worked in exchange.
    assert running(changsha, "2026-05-06") == [("complaint.acceptance", "2026-05-14", "running", ["changsha"])]
    assert running(changsha, "2026-05-15")[0][2] == "overdue"
    hefei.see(changsha)
    assert hefei.casework.cases(LI) == []
    changsha.clock.at_ms = at("2026-05-18")
    body = with_act(type(complaint())(), "accept")
    changsha.decide("complaint", case, body)
    assert [(rule, due) for rule, due, _, _ in running(changsha, "2026-05-18")] == [
        ("complaint.mediation", "2026-07-17")
    ]
    now = datetime.fromtimestamp(at("2026-05-18") / 1000, SHANGHAI)
    scores = {each.rule: each for each in scorecard(changsha.casework.cases(LI), now)}
    assert (scores["complaint.acceptance"].late, scores["complaint.acceptance"].median_days) == (1, 12)
    assert (scores["complaint.mediation"].running, scores["complaint.mediation"].overdue) == (1, 0)


def test_a_clue_is_filed_within_fifteen_working_days_by_who_has_it(three: tuple[CaseworkCity, ...]) -> None:
    changsha, hefei, _ = three
    case = send(changsha)
    hefei.see(changsha)
    hefei.act("referral", case, referring("receive"))
    changsha.see(hefei)
    assert running(changsha, "2026-05-06") == running(hefei, "2026-05-06")
    assert [(rule, owed) for rule, _, _, owed in running(hefei, "2026-05-06")] == [("clue.filing_decision", ["hefei"])]


def test_inbox_and_outbox_change_sides_with_the_last_act(three: tuple[CaseworkCity, ...]) -> None:
    changsha, hefei, _ = three
    now = datetime.fromtimestamp(at("2026-05-06") / 1000, SHANGHAI)

    def boxes(desk: CaseworkCity) -> tuple[list[str], list[str]]:
        lines = desk.casework.cases(LI)
        sides = inbox(lines, desk.city, now), outbox(lines, desk.city, now)
        return [each.case.id for each in sides[0]], [each.case.id for each in sides[1]]

    case = send(changsha)
    hefei.see(changsha)
    assert (boxes(changsha), boxes(hefei)) == (([], [case]), ([case], []))
    hefei.act("referral", case, referring("receive"))
    changsha.see(hefei)
    # The clock that began keeps it in Hefei's inbox too.
    assert (boxes(changsha), boxes(hefei)) == (([case], []), ([case], [case]))


def test_what_another_city_ended_stays_in_the_inbox_until_an_officer_opened_it(three: tuple[CaseworkCity, ...]) -> None:
    changsha, hefei, _ = three
    now = datetime.fromtimestamp(at("2026-05-06") / 1000, SHANGHAI)

    def unread(desk: CaseworkCity) -> list[tuple[str, bool]]:
        found = inbox(desk.casework.cases(LI), desk.city, now)
        return [(each.case.id, each.summary(now, desk.city).unread) for each in found]

    case = send(changsha)
    hefei.see(changsha)
    changsha.decide("referral", case, referring("withdraw", reasons="移送有误"))
    assert unread(changsha) == []
    hefei.see(changsha)
    notices(hefei).acknowledge()
    assert unread(hefei) == [(case, True)]
    notices(hefei).opened(LI, hefei.casework.open(LI, case))
    assert unread(hefei) == []
    assert inbox(hefei.casework.cases(LI), "京东", now) == []  # a platform gives no receipts


def test_a_referral_erased_outside_its_workflow_leaves_a_line_at_the_other_city(
    three: tuple[CaseworkCity, ...],
) -> None:
    """Shared case new-06: what was received and then taken back must not vanish without a word."""
    changsha, hefei, _ = three
    case = send(changsha)
    hefei.see(changsha)
    notices(hefei).acknowledge()
    sent = next(each.id for each in shown(hefei, case).acts if each.act == "send")
    why = Header(purpose="correction", legal_basis="数据安全法 第二十一条")
    for record in (sent, case):
        retract(changsha.store, changsha.clock, record, why)
    hefei.see(changsha)
    (line,) = [each.case for each in inbox(hefei.casework.cases(LI), "hefei", NOW)]
    assert (line.id, line.state, line.last_by) == (case, "taken_back", "changsha")
    assert "correction · 数据安全法 第二十一条" in line.title
    view = shown(hefei, case)
    assert (view.label.zh, view.taken_back.city, view.taken_back.purpose) == ("已撤回销毁", "changsha", "correction")
    # The same after a start, and until an officer has opened it.
    assert inbox(CaseIndex(hefei.store, vendored_calendar(), lambda: hefei.federation).summaries(), "hefei", NOW)
    notices(hefei).opened(LI, hefei.casework.open(LI, case))
    assert inbox(hefei.casework.cases(LI), "hefei", NOW) == []
    assert [each.case.id for each in listed(hefei.casework.cases(LI), NOW, closed=True)] == [case]
    # Who never had it sees nothing.
    assert three[2].casework.cases(LI) == []


def test_receipts_are_said_once_and_name_the_leaf(three: tuple[CaseworkCity, ...]) -> None:
    changsha, hefei, _ = three
    case = send(changsha)
    hefei.see(changsha)
    node = notices(hefei)
    assert [node.acknowledge(), node.acknowledge(), notices(hefei).acknowledge()] == [1, 0, 0]
    assert hefei.told == [("changsha",)]
    changsha.see(hefei)
    (receipt,) = shown(changsha, case).acts[-1].receipts
    assert (receipt.city, receipt.is_right, receipt.opened) == ("hefei", True, "")
    file = hefei.casework.open(ZHANG, case)
    assert [node.opened(ZHANG, file), node.opened(LI, hefei.casework.open(LI, case))] == [1, 0]
    changsha.see(hefei)
    (receipt,) = shown(changsha, case).acts[-1].receipts
    assert (receipt.opened_by, receipt.is_right) == ("zhang", True)
    assert notices(changsha).acknowledge() == 0  # there are no receipts for receipts


def test_a_reminder_is_noted_once_near_the_end_and_once_after_it(three: tuple[CaseworkCity, ...]) -> None:
    changsha, *_ = three
    case = changsha.act("complaint", "", with_act(complaint(), "register")).case
    said = []
    for day in ("2026-05-06", "2026-05-12", "2026-05-13", "2026-05-15", "2026-05-16"):
        changsha.clock.at_ms = at(day)
        said.append(notices(changsha).remind())
    assert said == [0, 1, 0, 1, 0]
    assert [(each.rule, each.due) for each in shown(changsha, case).reminders] == [
        ("complaint.acceptance", "2026-05-14")
    ] * 2


def test_an_alert_goes_to_everyone_and_so_does_its_withdrawal(three: tuple[CaseworkCity, ...]) -> None:
    changsha, hefei, wuhan = three
    case = changsha.decide("alert", "", with_act(alert(), "issue")).case
    assert changsha.told[-1] == ("all",)
    for desk in (hefei, wuhan):
        desk.see(changsha)
        assert desk.state(case) == "issued"
    said = alert_pb2.Alert(act=act("follow_up", reasons="已排查"))
    wuhan.act("alert", case, said)
    for desk in (changsha, hefei):
        desk.see(wuhan)
    assert [each.act for each in shown(hefei, case).acts] == ["issue", "follow_up"]
    changsha.decide("alert", case, unfounded())
    assert changsha.told[-1] == ("all",)
    hefei.see(changsha)
    notices(hefei).acknowledge()
    changsha.see(hefei)
    # Who has not received it yet stands there too.
    withdrawn = next(each for each in shown(changsha, case).acts if each.act == "withdraw")
    assert {each.city: bool(each.stored) for each in withdrawn.receipts} == {"hefei": True, "wuhan": False}
    wuhan.see(changsha)
    assert [desk.state(case) for desk in three] == ["withdrawn"] * 3


def unfounded() -> alert_pb2.Alert:
    ground = alert_pb2.WITHDRAWAL_GROUND_UNFOUNDED
    return alert_pb2.Alert(act=act("withdraw", reasons="查无实据"), withdrawal=ground)


def test_an_alert_that_was_withdrawn_leaves_every_file_of_a_peer(
    three: tuple[CaseworkCity, ...], tmp_path: Path
) -> None:
    """A city that has stored the withdrawal has destroyed the alert: the retraction stands before it in the log."""
    changsha, hefei, _ = three
    body = with_act(alert(), "issue")
    assert isinstance(body, alert_pb2.Alert)
    body.facts, body.number = "某直播间涉嫌销售过期食品的具体经过", "长市监警〔2026〕3号"
    case = changsha.decide("alert", "", body).case
    hefei.see(changsha)
    hefei.act("alert", case, alert_pb2.Alert(act=act("acknowledge")))
    (record,) = hefei.store.records(1, 0, 1)
    salts = [opening[:SALT_BYTES] for opening in record.facets if opening]
    assert files_with(tmp_path, "hefei", body.facts.encode())
    changsha.see(hefei)
    changsha.decide("alert", case, unfounded())
    hefei.see(changsha)
    assert salts
    for gone in (body.facts.encode(), *salts):
        assert not files_with(tmp_path, "hefei", gone)
    for desk in (changsha, hefei):
        assert desk.state(case) == "withdrawn"
        standings = {each.act: each.standing for each in shown(desk, case).acts}
        assert standings == {"withdraw": "in_force", "acknowledge": "pending"}
    (line,) = [each.case for each in listed(hefei.casework.cases(LI), NOW, closed=True)]
    assert (line.id, line.title) == (case, "长市监警〔2026〕3号 · 原件已撤回")
    # Who must act on it no longer learns so.
    assert [each.case.id for each in inbox(hefei.casework.cases(LI), "hefei", NOW)] == [case]
    notices(hefei).opened(LI, hefei.casework.open(LI, case))
    assert inbox(hefei.casework.cases(LI), "hefei", NOW) == []


def test_a_hit_that_was_withdrawn_leaves_every_file_of_the_listing_city(
    three: tuple[CaseworkCity, ...], tmp_path: Path
) -> None:
    changsha, hefei, _ = three
    found = hit()
    assert isinstance(found, listing_pb2.ListingHit)
    found.listing, found.screened_at = "hefei-0", "某平台入驻商家名册"
    case = changsha.act("listing.hit", "", with_act(found, "screen")).case
    changsha.act("listing.hit", case, listing_pb2.ListingHit(act=act("confirm")))
    told = changsha.act("listing.hit", case, listing_pb2.ListingHit(act=act("tell")))
    assert told.audience == ("changsha", "hefei")
    hefei.see(changsha)
    assert hefei.state(case) == "told"
    hefei.act("listing.hit", case, listing_pb2.ListingHit(act=act("note")))
    changsha.see(hefei)
    assert files_with(tmp_path, "hefei", found.screened_at.encode())
    changsha.act("listing.hit", case, listing_pb2.ListingHit(act=act("withdraw", reasons="主体不符")))
    hefei.see(changsha)
    assert not files_with(tmp_path, "hefei", found.screened_at.encode())
    assert [desk.state(case) for desk in (changsha, hefei)] == ["withdrawn"] * 2


def test_an_alert_that_nobody_reviews_lapses_on_its_day(three: tuple[CaseworkCity, ...]) -> None:
    changsha, *_ = three
    body = with_act(alert(), "issue")
    assert isinstance(body, alert_pb2.Alert)
    body.review_on = "2026-06-06"
    case = changsha.decide("alert", "", body).case
    renewed = alert_pb2.Alert(act=act("review", reasons="仍有风险"), review_on="2026-07-06")
    changsha.decide("alert", case, renewed)
    changsha.clock.at_ms = at("2026-06-06")
    assert changsha.casework.act_by_itself() == []
    changsha.clock.at_ms = at("2026-07-06")
    assert [each.state for each in changsha.casework.act_by_itself()] == ["expired"]


def test_an_act_in_anothers_name_counts_for_nothing(three: tuple[CaseworkCity, ...]) -> None:
    """A city that writes into its own log what the other city is to have done."""
    changsha, hefei, _ = three
    case = send(changsha)
    hefei.see(changsha)
    with pytest.raises(NodeError) as caught:
        hefei.decide("referral", case, referring("withdraw", reasons="x"))
    assert caught.value.reason is Reason.WRONG_ACTOR
    body = referring("withdraw", reasons="x", case=case, follows=[case], city="changsha", date="2026-05-06")
    body.act.maker.CopyFrom(act_pb2.Officer(name="张三"))
    body.act.approver.CopyFrom(act_pb2.Officer(name="李四"))
    hefei.append([forged_entry(hefei, body)])
    changsha.see(hefei)
    assert changsha.state(case) == hefei.state(case) == "sent"


def forged_entry(desk: CaseworkCity, body: referral_pb2.Referral) -> Entry:
    standard = standards.get("referral")
    header = Header(standard="referral", version=1, city=desk.city, audience=["changsha", "hefei"])
    header.subjects.extend([*standard.subjects(body), "workflow:referral"])
    return Entry.of(header, standard.split(body.SerializeToString()))


def test_a_row_holds_no_act(three: tuple[CaseworkCity, ...]) -> None:
    changsha, *_ = three
    ingest = Ingest(
        changsha.store, changsha.clock, Retractions(lambda: Policy("changsha", (), (), {}), tuple, changsha.clock)
    )
    row = Row(key="1", body=with_act(complaint(), "register", city="changsha", date="2026-05-06").SerializeToString())
    request = SubmitRequest(
        standard="complaint", version=1, purpose="p", legal_basis="b", source="12315", audience=["changsha"], rows=[row]
    )
    (outcome,) = ingest.finish(ingest.begin(request)).outcomes
    assert [(each.field, each.reason) for each in outcome.findings] == [("act", "act_by_officer")]
    assert outcome.status == STATUS_REJECTED
    for audience in (["all"], ["changsha", "hefei"]):
        request.audience[:] = audience
        with pytest.raises(NodeError) as caught:
            ingest.begin(request)
        assert caught.value.reason is Reason.INVALID_ARGUMENT


def test_an_act_of_a_version_or_form_that_nobody_knows_hides_no_case(three: tuple[CaseworkCity, ...]) -> None:
    changsha, hefei, _ = three
    case = send(changsha)
    hefei.see(changsha)
    for facets, version in ((0, 1), (2, 99)):
        header = Header(standard="referral", version=version, city="hefei", audience=["changsha", "hefei"])
        header.subjects.extend([f"case:{case}", "workflow:referral"])
        hefei.append([Entry.of(header, (b"",) * facets)])
    changsha.see(hefei)
    assert (changsha.state(case), len(changsha.casework.cases(LI))) == ("sent", 1)
