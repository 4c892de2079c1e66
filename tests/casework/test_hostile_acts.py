"""Acts that only a lying peer records: each counts for nothing, and stands in the way of no other case."""

from collections.abc import Iterable
from datetime import date, datetime

import pytest
from google.protobuf.message import Message

from node.core.law.calendar import SHANGHAI
from node.core.standards import standard as standards
from node.core.workflow.declared import WORKFLOWS
from node.core.workflow.rules import NOWHERE, apply, broken_by_situation
from node.storage.sqlite.log import Entry
from node.stubs.record.v1.record_pb2 import Header
from node.stubs.standard.v1 import alert_pb2, complaint_pb2, credit_pb2, referral_pb2
from node.stubs.standard.v1.credit_pb2 import CreditRepair
from node.usecases.casework.case_file import PURPOSE
from node.usecases.casework.case_summary import ORIGINAL_RETRACTED
from node.usecases.casework.deadlines import deadlines
from node.usecases.casework.lists.lifecycle import ListingLifecycle
from node.usecases.casework.propose import Submission
from tests.kit.casework.casework_city import (
    LI,
    TWO,
    ZHANG,
    CaseworkCity,
    act,
    at,
    documents,
    drafted_referral,
    referring,
    send,
    shown,
    with_act,
)
from tests.kit.casework.complaints import against
from tests.kit.casework.listings import listed
from tests.kit.casework.measures import request
from tests.kit.casework.penalties import penalised
from tests.kit.casework.repairs import applying
from tests.kit.samples.standards import alert
from tests.kit.stores.city import operator
from tests.kit.workflow.acts import complete

Two = tuple[CaseworkCity, CaseworkCity]
NOON = datetime(2026, 5, 6, 12, tzinfo=SHANGHAI)
END_MS = 253_402_300_000_000  # in the year 9999


def record(
    desk: CaseworkCity,
    name: str,
    body: Message,
    issued_at_ms: int = 0,
    subjects: Iterable[str] | None = None,
    audience: tuple[str, ...] = ("changsha", "hefei"),
) -> str:
    """Stands in the log with nothing of the node's own rules."""
    standard = standards.get(name)
    header = Header(standard=name, version=1, city=desk.city, audience=audience)
    header.issued_at_ms = issued_at_ms or desk.clock.now_ms()
    header.subjects.extend([*(standard.subjects(body) if subjects is None else subjects), f"workflow:{name}"])
    return desk.append([Entry.of(header, standard.split(body.SerializeToString()))])[0]


def passing(**said: object) -> complaint_pb2.Complaint:
    told = {"city": "hefei", "date": "2026-05-06", "maker": TWO[0], "approver": TWO[1], "reasons": "x"} | said
    body = complaint_pb2.Complaint(number_12315="1", to_city="changsha", origins=["hefei-0"], facts="x")
    body.act.CopyFrom(act("pass_on", **told))
    return body


@pytest.mark.parametrize(
    ("issued_at_ms", "day"),
    [(2**62, "2026-05-06"), (END_MS, "9999-12-30"), (END_MS, "9999-01-01"), (-(2**62), "2026-05-06")],
)
def test_a_day_that_no_term_can_be_counted_from_stops_no_desk(desks: Two, issued_at_ms: int, day: str) -> None:
    changsha, hefei = desks
    record(hefei, "complaint", passing(date=day), issued_at_ms)
    honest = send(hefei, "changsha")
    changsha.see(hefei)
    assert [line.id for line in changsha.cases.summaries()] == [honest]
    assert changsha.casework.act_by_itself() == []
    assert shown(changsha, honest).state == "sent"
    assert deadlines(changsha.casework.cases(LI), NOON) == []


@pytest.mark.parametrize("name", ["", "x", "hefei-" + "9" * 19, "hefei-" + "9" * 5000, "hefei-01"])
def test_an_act_that_follows_no_record_takes_no_case_away(desks: Two, name: str) -> None:
    """A withdrawal is looked up by what it follows: none that follows nonsense hinders that."""
    changsha, hefei = desks
    case = changsha.decide("alert", "", with_act(alert(), "issue")).case
    hefei.see(changsha)
    noting = alert_pb2.Alert(act=act("acknowledge", case=case, follows=[case, name], city="hefei", date="2026-05-06"))
    record(hefei, "alert", noting)
    withdrawing = alert_pb2.Alert(act=act("withdraw", reasons="不实"), withdrawal=alert_pb2.WITHDRAWAL_GROUND_UNFOUNDED)
    changsha.decide("alert", case, withdrawing)
    changsha.see(hefei)
    assert changsha.state(case) == "withdrawn"
    assert [line.state for line in changsha.cases.summaries()] == ["withdrawn"]


@pytest.mark.parametrize("day", ["zzz", "9999", "20260606", "2026-02-30"])
def test_nothing_is_asked_of_a_platform_until_a_day_that_is_none(desks: Two, day: str) -> None:
    """It would end by itself never."""
    changsha, hefei = desks
    asking = request(ends_on=day, review_on="", platform_city="changsha")
    asking.act.CopyFrom(act("issue", city="hefei", date="2026-05-06", maker=TWO[0], approver=TWO[1]))
    case = record(hefei, "measure.request", asking)
    changsha.see(hefei)
    assert changsha.state(case) == ""
    assert [each.rule for each in shown(changsha, case).acts[0].broken] == ["measure.request.issue.ends_on|review_on"]


def test_another_city_puts_nothing_behind_a_case(three: tuple[CaseworkCity, CaseworkCity, CaseworkCity]) -> None:
    """What the addressee of one referral says that it comes from is not held against the sender's next."""
    changsha, hefei, wuhan = three
    theirs = send(wuhan, "changsha")
    mine = send(changsha, "wuhan")
    for desk in (changsha, wuhan):
        desk.see(wuhan if desk is changsha else changsha)
    adding = with_act(referral_pb2.Referral(origins=[theirs]), "supplement")
    wuhan.act("referral", mine, adding)
    changsha.see(wuhan)
    body = drafted_referral("hefei")
    body.origins[:] = [mine]
    assert changsha.act("referral", "", body).state == "drafted"
    del hefei


@pytest.mark.parametrize("origin", ["hefei-", "hefei-x", "hefei-" + "9" * 19])
def test_an_origin_that_is_no_record_stops_nobody_from_looking(desks: Two, origin: str) -> None:
    changsha, hefei = desks
    body = passing()
    body.origins[:] = [origin]
    case = record(hefei, "complaint", body)
    changsha.see(hefei)
    assert shown(changsha, case).state == "passed_on"


def test_a_wait_of_years_ends_on_the_last_day_of_a_shorter_month() -> None:
    """As legal clocks count: listed on the twenty-ninth of February, removed early from the twenty-eighth on."""
    workflow = WORKFLOWS["listing.serious"]
    deciding = complete(
        workflow, workflow.act["decide"], "changsha-1", "changsha-0", ("changsha-0",), date(2028, 2, 29)
    )
    listed = apply(workflow, workflow.act["decide"], deciding, NOWHERE)
    removing = workflow.act["remove_early"]
    for day, is_due in ((27, False), (28, True)):
        fact = complete(workflow, removing, "changsha-2", "changsha-0", ("changsha-1",), date(2029, 2, day))
        rules = {each.rule for each in broken_by_situation(workflow, removing, fact, listed)}
        assert ("listing.serious.remove_early.listed_on" not in rules) is is_due


def test_what_was_handed_over_is_not_closed_while_the_other_city_has_it(desks: Two) -> None:
    """Else, given back, it would be nobody's."""
    changsha, hefei = desks
    case = changsha.act("complaint", "", against()).case
    (made,) = changsha.decide("complaint", case, complaint_pb2.Complaint(act=act("hand_over"))).makes
    other = changsha.casework.take_up(LI, made.draft, b"").case
    following = complaint_pb2.Complaint(act=act("follow_up"))
    with pytest.raises(Exception, match="is not done with it"):
        changsha.act("complaint", case, following)
    hefei.see(changsha)
    hefei.act("complaint", other, complaint_pb2.Complaint(act=act("take_in")))
    hefei.act("complaint", other, complaint_pb2.Complaint(act=act("withdraw")))
    changsha.see(hefei)
    assert changsha.act("complaint", case, following).state == "follow_up"


def sending(case: str, **said: object) -> referral_pb2.Referral:
    """The first act that others see of a case, as the addressee would have it."""
    told = {"case": case, "city": "changsha", "date": "2026-05-06", "maker": TWO[0], "approver": TWO[1]} | said
    return referral_pb2.Referral(act=act("send", **told), to_city="changsha")


def test_who_sees_a_case_says_its_own_city(desks: Two) -> None:
    """And whom it is about. Changsha comes first in every order, and what it claims to have sent is refused."""
    changsha, hefei = desks
    case = send(hefei, "changsha")
    changsha.see(hefei)
    body = sending(case)
    body.party.uscc = "91420100MA00TEXT0W"
    record(changsha, "referral", body, audience=("all",))
    hefei.see(changsha)
    supplement = with_act(referral_pb2.Referral(reason="补充"), "supplement")
    assert hefei.act("referral", case, supplement).audience == ("changsha", "hefei")
    (line,) = hefei.cases.summaries()
    assert line.seen_by == ("changsha", "hefei")
    assert not line.is_about("91420100MA00TEXT0W")


@pytest.mark.parametrize("name", ["send", "receive"])
def test_an_act_of_a_day_to_come_keeps_nobody_from_acting(desks: Two, name: str) -> None:
    """Refused or in force: no act of today follows it as if it were of yesterday."""
    changsha, hefei = desks
    case = send(hefei, "changsha")
    changsha.see(hefei)
    follows = hefei.casework.open(LI, case).case.heads(WORKFLOWS["referral"].act["supplement"])
    body = sending(case, date="8999-12-31")
    body.act.act, body.act.follows[:] = name, follows
    record(changsha, "referral", body, issued_at_ms=at("8999-12-31"))
    hefei.see(changsha)
    supplement = with_act(referral_pb2.Referral(reason="补充"), "supplement")
    assert hefei.act("referral", case, supplement).case == case


def test_a_refused_act_makes_no_draft_outdated(desks: Two) -> None:
    """Else whoever reaches a case keeps its officers from ever approving anything."""
    changsha, hefei = desks
    case = hefei.act("referral", "", drafted_referral("changsha")).case
    hefei.decide("referral", case, referral_pb2.Referral(act=act("approve")))
    sent = referral_pb2.Referral(act=act("send", officers=TWO, article="第14条"))
    hefei.decide("referral", case, sent)
    withdrawing = referral_pb2.Referral(act=act("withdraw", reasons="误送"))
    draft = hefei.casework.prepare(ZHANG, Submission("referral", case, withdrawing.SerializeToString()))
    changsha.see(hefei)
    record(changsha, "referral", sending(case))
    hefei.see(changsha)
    assert hefei.casework.approve(LI, draft.number).case == case


def test_an_act_that_no_case_finds_stops_nobody_who_looks_for_cases(desks: Two) -> None:
    """Its header names the applicant, and not the case that its body names."""
    changsha, hefei = desks
    changsha.decide("listing.abnormal", "", listed())
    (listing,) = ListingLifecycle(changsha.store, changsha.clock, changsha.cases.repository).run()
    mine = applying(listing)
    keys = standards.get("credit.repair").subjects(mine)
    told = {"case": "hefei-99", "city": "hefei", "date": "2026-05-06", "maker": TWO[0]}
    record(hefei, "credit.repair", CreditRepair(act=act("apply", **told)), subjects=keys)
    changsha.pull(hefei, purpose=PURPOSE)
    assert changsha.act("credit.repair", "", mine).state == "applied"


def test_a_passing_on_that_no_case_finds_stops_nobody_from_looking(desks: Two) -> None:
    changsha, hefei = desks
    astray, found = passing(case="hefei-99"), passing()
    record(hefei, "complaint", astray, subjects=())
    case = record(hefei, "complaint", found)
    changsha.see(hefei)
    assert shown(changsha, case).state == "passed_on"


def test_the_home_city_takes_nobody_off_this_citys_list(desks: Two) -> None:
    """It confirms that a penalty was repaired; a listing that it names there was nobody's to repair."""
    changsha, hefei = desks
    changsha.decide("listing.abnormal", "", listed())
    terms = ListingLifecycle(changsha.store, changsha.clock, changsha.cases.repository)
    (listing,) = terms.run()
    body = applying("")
    body.penalty_number, body.home_city = penalised(changsha), "hefei"
    case = changsha.act("credit.repair", "", body).case
    changsha.decide("credit.repair", case, CreditRepair(act=act("accept")))
    approving = CreditRepair(act=act("approve", reasons="已履行", documents=documents("准予信用修复决定书")))
    approving.decision_number, approving.decided_on = "修1号", "2026-05-06"
    approving.outcome = credit_pb2.REPAIR_OUTCOME_APPROVED
    changsha.decide("credit.repair", case, approving)
    changsha.act("credit.repair", case, CreditRepair(act=act("execute")))
    pushed = changsha.act("credit.repair", case, CreditRepair(act=act("push"))).id
    told = {"case": case, "follows": [pushed], "city": "hefei", "date": "2026-05-06", "maker": TWO[0]}
    record(hefei, "credit.repair", CreditRepair(act=act("confirm", **told), listing=listing))
    changsha.pull(hefei, purpose=PURPOSE)
    assert changsha.state(case) == "propagated"
    changsha.clock.at_ms = at("2026-05-07")
    assert terms.run() == []


@pytest.mark.parametrize("is_both", [False, True], ids=["another city's act", "and a record of its own"])
def test_another_city_cannot_make_a_live_alert_look_taken_back(desks: Two, is_both: bool) -> None:
    """It records a withdrawal in its own log that follows a record which it retracted itself."""
    changsha, hefei = desks
    case = changsha.decide("alert", "", with_act(alert(), "issue")).case
    hefei.see(changsha)
    own = hefei.register(operator(), audience=["changsha", "hefei"])
    hefei.retract(own)
    follows = [case, own] if is_both else [own]
    taking = alert_pb2.Alert(withdrawal=alert_pb2.WITHDRAWAL_GROUND_UNFOUNDED)
    taking.act.CopyFrom(act("withdraw", case=case, follows=follows, city="hefei", date="2026-05-06", reasons="x"))
    taking.act.maker.CopyFrom(TWO[0])
    taking.act.approver.CopyFrom(TWO[1])
    record(hefei, "alert", taking)
    changsha.see(hefei)
    for desk in desks:
        (summary,) = desk.cases.summaries()
        assert (summary.state, ORIGINAL_RETRACTED in summary.title) == ("issued", False)


@pytest.mark.parametrize(("day", "is_back"), [("2026-05-27", False), ("2026-05-26", False), ("2026-05-25", True)])
def test_an_act_that_another_city_dates_back_is_named(desks: Two, day: str, is_back: bool) -> None:
    """The limit to file ends on 2026-05-26; an act of the next day that states an earlier one seems in time."""
    changsha, hefei = desks
    case = send(changsha)
    hefei.see(changsha)
    hefei.act("referral", case, referring("receive"))
    hefei.clock.at_ms = changsha.clock.at_ms = at("2026-05-27")
    heads = hefei.casework.open(LI, case).case.heads(WORKFLOWS["referral"].act["accept"])
    told = {"case": case, "follows": heads, "city": "hefei", "maker": TWO[0], "approver": TWO[1]}
    record(hefei, "referral", referral_pb2.Referral(act=act("accept", date=day, **told)))
    changsha.see(hefei)
    seen = shown(changsha, case, "2026-05-27")
    assert seen.state == "accepted"
    assert [broken.rule for broken in seen.out_of_rule] == (["referral.accept.date"] if is_back else [])
