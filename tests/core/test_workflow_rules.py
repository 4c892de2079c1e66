"""What an act may not do, and the rule it then breaks; terms that end by themselves."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from node.core.law.calendar import vendored_calendar
from node.core.workflow.case import Case, check
from node.core.workflow.declared import WORKFLOWS
from node.core.workflow.facts import ActFact
from node.core.workflow.model import Role
from node.core.workflow.run import Standing
from node.core.workflow.timing import UNKNOWN, timers
from node.errors import NodeError, Reason
from tests.kit.workflow.acts import APPROVER, DAY, LATE, MAKER, actor, complete
from tests.kit.workflow.referral import CASE, REFERRAL, accepted, act, reasons, sent, standings


@pytest.mark.parametrize(
    ("fact", "role", "reason"),
    [
        (act("supplement", "hefei-5", "hefei-3"), Role.CLERK, Reason.ACT_OUTDATED),
        (act("penalise", "hefei-5", "hefei-4"), Role.CASE_OFFICER, Reason.ACT_NOT_ALLOWED),
        (act("verify", "changsha-5", "hefei-4"), Role.CASE_OFFICER, Reason.WRONG_ACTOR),
        (act("verify", "hefei-5", "hefei-4"), Role.CLERK, Reason.WRONG_ACTOR),
        (replace(act("verify", "hefei-5", "hefei-4"), maker=None), Role.CASE_OFFICER, Reason.ACT_INCOMPLETE),
        (replace(act("extend_filing", "hefei-5", "hefei-4"), approver=MAKER), None, Reason.FOUR_EYES),
        (replace(act("extend_filing", "hefei-5", "hefei-4"), approver=None), None, Reason.FOUR_EYES),
        (replace(act("extend_filing", "hefei-5", "hefei-4"), fields={}), None, Reason.ACT_INCOMPLETE),
    ],
)
def test_a_proposed_act_names_the_rule_it_breaks(fact: ActFact, role: Role | None, reason: Reason) -> None:
    case = Case(REFERRAL, CASE, accepted())
    assert reasons(case, fact, role) == {reason}


def test_a_referral_is_never_passed_on() -> None:
    case = Case(REFERRAL, CASE, accepted())
    (broken,) = check(case, replace(act("verify", "hefei-5", "hefei-4"), act="retransfer"))
    assert (broken.rule, broken.law.article, broken.reason) == (
        "referral.retransfer.forbidden",
        "14",
        Reason.ACT_NOT_ALLOWED,
    )
    case.add(replace(act("verify", "hefei-5", "hefei-4"), act="retransfer"))
    assert (case.state, standings(case)["hefei-5"]) == ("accepted", Standing.REFUSED)


def test_two_officers_have_two_certificates() -> None:
    case = Case(REFERRAL, CASE, [*accepted(), act("verify", "hefei-5", "hefei-4")])
    fact = act("file", "hefei-6", "hefei-5")
    assert reasons(case, fact) == set()
    twice = replace(fact, officers=(MAKER, replace(APPROVER, certificate=MAKER.certificate)))
    assert [broken.rule for broken in check(case, twice)] == ["referral.file.officers"]


def test_a_draft_is_sent_only_when_approved() -> None:
    case = Case(REFERRAL, CASE, sent()[:1])
    assert reasons(case, act("send", "changsha-1", CASE)) == {Reason.ACT_NOT_ALLOWED}
    case.add(sent()[1])
    assert reasons(case, act("send", "changsha-2", "changsha-1")) == set()


def test_nobody_else_opens_a_city_s_case() -> None:
    forged = act("send", "wuhan-1", "changsha-1")
    assert standings(Case(REFERRAL, CASE, [forged])) == {"wuhan-1": Standing.REFUSED}


def test_a_year_passes_before_early_removal() -> None:
    workflow = WORKFLOWS["listing.serious"]
    decided = complete(workflow, workflow.act["decide"], "changsha-1", CASE, (CASE,))
    pushed = complete(workflow, workflow.act["push"], "changsha-2", CASE, ("changsha-1",))
    published = complete(workflow, workflow.act["publish"], "hefei-3", CASE, ("changsha-2",))
    case = Case(workflow, CASE, [decided, pushed, published])
    removal = complete(workflow, workflow.act["remove_early"], "changsha-4", CASE, ("hefei-3",))
    assert reasons(case, removal) == {Reason.ACT_TOO_EARLY}
    assert reasons(case, replace(removal, on=DAY.replace(year=DAY.year + 1))) == set()


def _listed(*acts: str) -> Case:
    """A listing decided, and what followed, each act a year after the one before where the law waits for one."""
    workflow, on = WORKFLOWS["listing.serious"], DAY
    facts = [complete(workflow, workflow.act["decide"], "changsha-1", CASE, (CASE,))]
    for index, name in enumerate(acts, 2):
        on = on.replace(year=on.year + 1) if name == "remove_early" else LATE if name == "expire" else on
        act = workflow.act[name]
        fact = complete(workflow, act, f"{actor(workflow, act)}-{index}", CASE, (facts[-1].id,), on)
        facts.append(replace(fact, maker=None) if name == "expire" else fact)
    case = Case(workflow, CASE, facts)
    assert set(standings(case).values()) == {Standing.IN_FORCE}
    return case


@pytest.mark.parametrize(
    "acts",
    [
        ("revoke",),
        ("push", "revoke"),
        ("expire",),
        ("push", "expire"),
        ("push", "publish", "remove_early", "reinstate"),
    ],
)
def test_no_limit_to_publish_runs_on_what_left_the_list_or_is_public_again(acts: tuple[str, ...]) -> None:
    running = {timer.rule for timer in timers(_listed(*acts), vendored_calendar(), UNKNOWN) if timer.runs}
    assert running & {"listing.serious.push", "listing.serious.publication"} == set()


@pytest.mark.parametrize(("after", "runs"), [((), True), (("unpublish",), False), (("reinstate",), False)])
def test_correction_3_who_left_the_list_early_is_unpublished_in_three_working_days(
    after: tuple[str, ...], *, runs: bool
) -> None:
    case = _listed("push", "publish", "remove_early", *after)
    (timer,) = (each for each in timers(case, vendored_calendar(), UNKNOWN) if each.rule == "listing.serious.removal")
    assert (timer.runs, timer.owed_by) == (runs, ("hefei",))
    assert timer.rule_in_force is not None
    assert (timer.rule_in_force.limit, timer.on) == (3, date(2027, 5, 6))


@pytest.mark.parametrize(
    ("name", "start", "end"),
    [
        ("listing.serious", "decide", "expire"),
        ("listing.platform", "list", "expire"),
        ("measure.request", "issue", "expire"),
    ],
)
def test_the_last_day_of_a_term_still_counts(name: str, start: str, end: str) -> None:
    workflow = WORKFLOWS[name]
    begun = complete(workflow, workflow.act[start], CASE, CASE, ())
    last = date.fromisoformat(begun.fields.get("until") or begun.fields["ends_on"])
    case = Case(workflow, CASE, [begun])
    ending = replace(complete(workflow, workflow.act[end], "changsha-1", CASE, (CASE,)), maker=None)
    assert reasons(case, replace(ending, on=last), Role.NODE) == {Reason.ACT_TOO_EARLY}
    assert reasons(case, replace(ending, on=last + timedelta(days=1)), Role.NODE) == set()


def test_an_end_date_lifts_a_measure_by_itself() -> None:
    workflow = WORKFLOWS["measure.request"]
    issued = complete(workflow, workflow.act["issue"], CASE, CASE, ())
    case = Case(workflow, CASE, [issued])
    expire = replace(complete(workflow, workflow.act["expire"], "changsha-1", CASE, (CASE,)), maker=None)
    assert reasons(case, expire, Role.NODE) == {Reason.ACT_TOO_EARLY}
    assert reasons(case, replace(expire, on=LATE), Role.NODE) == set()


def test_a_platform_acts_in_its_own_matters_only() -> None:
    workflow = WORKFLOWS["measure.request"]
    case = Case(workflow, CASE, [complete(workflow, workflow.act["issue"], CASE, CASE, ())])
    ack = complete(workflow, workflow.act["ack"], "hefei-1", CASE, (CASE,))
    assert reasons(case, ack) == set()
    assert reasons(case, replace(ack, platform="小红书")) == {Reason.WRONG_ACTOR}
    # From the log of the city it is connected to alone, whoever asked.
    for city in ("changsha", "wuhan"):
        assert reasons(case, replace(ack, id=f"{city}-1", city=city)) == {Reason.WRONG_ACTOR}


def test_a_case_takes_no_act_of_another_case_nor_two_under_one_id() -> None:
    case = Case(REFERRAL, CASE, accepted())
    for wrong in (replace(sent()[0], case="changsha-9"), replace(sent()[0], on=LATE)):
        with pytest.raises(NodeError):
            case.add(wrong)


@pytest.mark.parametrize(
    ("name", "first", "noted"), [("alert", "issue", "acknowledge"), ("listing.hit", "tell", "note")]
)
def test_what_was_taken_back_leaves_its_withdrawal_standing_alone(name: str, first: str, noted: str) -> None:
    """For who had to destroy it as for who never saw it, in any order; what followed the destroyed waits for ever."""
    workflow = WORKFLOWS[name]
    shown = complete(workflow, workflow.act[first], CASE, CASE, ())
    note = complete(workflow, workflow.act[noted], "hefei-1", CASE, (CASE,))
    back = complete(workflow, workflow.act["withdraw"], "changsha-1", CASE, ("hefei-1",))
    assert Case(workflow, CASE, [shown, note, back]).state == "withdrawn"
    for facts in ([back], [note, back], [back, note]):
        case = Case(workflow, CASE, facts, is_retracted=True)
        assert case.state == "withdrawn"
        assert case.is_final
        standings = {each.fact.act: each.standing for each in case.history()}
        assert standings == {each.act: Standing.IN_FORCE if each is back else Standing.PENDING for each in facts}
    # Nobody else takes a city's case back, and nothing is taken back before it was there.
    assert Case(workflow, CASE, [replace(back, id="hefei-2", city="hefei")], is_retracted=True).state == ""
    assert reasons(Case(workflow, ""), replace(back, id="", case="", follows=())) == {Reason.ACT_NOT_ALLOWED}
