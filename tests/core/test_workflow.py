"""The engine: a case is a function of the set of its acts."""

from dataclasses import replace
from datetime import datetime

from node.core.law.calendar import SHANGHAI, vendored_calendar
from node.core.workflow.case import Case, check
from node.core.workflow.model import Effect, Role
from node.core.workflow.run import Standing
from node.core.workflow.timing import Moments, timers
from node.errors import Reason
from tests.kit.workflow.referral import CASE, REFERRAL, accepted, act, reasons, sent, standings


def test_a_referral_runs_to_its_feedback() -> None:
    case = Case(REFERRAL, CASE, accepted())
    for index, name in enumerate(
        ("verify", "file", "investigate", "penalise", "execute_penalty", "close", "tell_result"), 5
    ):
        fact = act(name, f"hefei-{index}", *case.heads(REFERRAL.act[name]))
        assert check(case, fact, Role.CASE_OFFICER) == []
        case.add(fact)
    assert (case.state, case.is_final, case.parties["handler"]) == ("feedback", True, "hefei")


def test_concurrent_acts_yield_to_the_declared_precedence_and_the_loser_is_kept() -> None:
    facts = [*sent(), act("accept", "hefei-4", "hefei-3"), act("withdraw", "changsha-5", "hefei-3")]
    case = Case(REFERRAL, CASE, facts)
    loser = next(each for each in case.history() if each.fact.id == "hefei-4")
    assert case.state == "withdrawn"
    assert (loser.standing, loser.cause, loser.broken[0].reason) == (
        Standing.OVERRIDDEN,
        "changsha-5",
        Reason.ACT_NOT_ALLOWED,
    )


def test_an_act_falls_with_the_overridden_act_it_follows_unless_it_knew() -> None:
    objected = [*sent(), act("object", "hefei-4", "hefei-3")]
    concurrent = [act("accept", "hefei-5", "hefei-4"), act("escalate", "changsha-6", "hefei-4")]
    # The state allows it either way: it falls because it was made for a case that had been accepted.
    unknowing = act("supplement", "hefei-7", "hefei-5")
    knowing = replace(unknowing, follows=("hefei-5", "changsha-6"))
    case = Case(REFERRAL, CASE, [*objected, *concurrent, unknowing])
    assert (case.state, standings(case)["hefei-7"], case.history()[-1].cause) == (
        "escalated",
        Standing.OVERRIDDEN,
        "changsha-6",
    )
    assert standings(Case(REFERRAL, CASE, [*objected, *concurrent, knowing]))["hefei-7"] is Standing.IN_FORCE


def test_what_changed_nothing_overrode_nothing() -> None:
    objected = [*sent(), act("object", "hefei-4", "hefei-3")]
    escalated = act("escalate", "changsha-5", "hefei-4")
    # Changsha's note is taken before Hefei's word, which knows nothing of it; what ended the talks is the escalation.
    noted = act("supplement", "changsha-6", "changsha-5")
    negotiated = act("negotiate", "hefei-7", "hefei-4")
    knowing = act("supplement", "hefei-8", "hefei-7", "changsha-5")
    case = Case(REFERRAL, CASE, [*objected, escalated, noted, negotiated, knowing])
    assert next(each for each in case.history() if each.fact is negotiated).cause == "changsha-5"
    assert standings(case)["hefei-8"] is Standing.IN_FORCE


def test_concurrent_acts_that_do_not_disturb_each_other_both_stand() -> None:
    facts = [*accepted(), act("verify", "hefei-5", "hefei-4"), act("supplement", "changsha-6", "hefei-4")]
    assert set(standings(Case(REFERRAL, CASE, facts)).values()) == {Standing.IN_FORCE}


def test_an_act_whose_predecessor_is_missing_waits() -> None:
    case = Case(REFERRAL, CASE, [*sent(), act("verify", "hefei-5", "hefei-4")])
    assert (case.state, case.history()[-1].cause, standings(case)["hefei-5"]) == (
        "received",
        "hefei-4",
        Standing.PENDING,
    )
    case.add(act("accept", "hefei-4", "hefei-3"))
    assert case.state == "verifying"


def test_clocks_follow_the_acts_in_force() -> None:
    case = Case(REFERRAL, CASE, [*accepted(), act("verify", "hefei-5", "hefei-4"), act("file", "hefei-6", "hefei-5")])
    assert [(each.effect, each.rule) for each in case.deadline_events()] == [
        (Effect.START, "clue.filing_decision"),
        (Effect.STOP, "jurisdiction.negotiation"),
        (Effect.STOP, "clue.filing_decision"),
        (Effect.START, "case.decision"),
    ]


def test_the_designated_city_is_in_charge() -> None:
    objected = [*sent(), act("object", "hefei-4", "hefei-3"), act("escalate", "changsha-5", "hefei-4")]
    designate = replace(
        act("designate", "hefei-6", "changsha-5"), fields={"designated_city": "changsha", "document_number": "1"}
    )
    case = Case(REFERRAL, CASE, [*objected, designate])
    assert (case.state, case.parties["handler"]) == ("designated", "changsha")
    assert reasons(case, act("verify", "hefei-7", "hefei-6")) == {Reason.WRONG_ACTOR}
    assert reasons(case, act("verify", "changsha-7", "hefei-6")) == set()


def test_a_designation_starts_the_limit_anew_for_the_city_it_names() -> None:
    received = [*sent(), act("object", "hefei-4", "hefei-3"), act("escalate", "changsha-5", "hefei-4")]
    designate = replace(
        act("designate", "hefei-6", "changsha-5"), fields={"designated_city": "changsha", "document_number": "1"}
    )
    arrived = {("changsha-2", "hefei"): datetime(2026, 5, 6, 12, tzinfo=SHANGHAI)}
    found = timers(Case(REFERRAL, CASE, [*received, designate]), vendored_calendar(), Moments({}, arrived))
    filing = [(each.act_id, each.owed_by, each.runs) for each in found if each.rule == "clue.filing_decision"]
    assert filing == [("changsha-2", ("hefei",), False), ("hefei-6", ("changsha",), True)]
