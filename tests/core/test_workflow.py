"""The engine: a case is a function of the set of its acts."""

import random
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.core.calendar import vendored_calendar
from node.core.workflow.case import Case, ClockEvent, Verdict, check, require
from node.core.workflow.declared import WORKFLOWS
from node.core.workflow.facts import ActFact
from node.core.workflow.model import Effect, Role, Workflow
from node.core.workflow.rules import Situation
from node.core.workflow.run import Run, Standing, Step
from node.core.workflow.timing import timers
from node.errors import NodeError, Reason
from tests.core.workflow_acts import APPROVER, DAY, LATE, MAKER, actor, complete, graphs, two_logs
from tests.core.workflow_oracle import Oracle, Taken

REFERRAL = WORKFLOWS["referral"]
CASE = "changsha-0"


def _act(name: str, record_id: str, *follows: str) -> ActFact:
    return complete(REFERRAL, REFERRAL.act[name], record_id, CASE, follows)


def _sent() -> list[ActFact]:
    return [
        _act("draft", CASE),
        _act("approve", "changsha-1", CASE),
        _act("send", "changsha-2", "changsha-1"),
        _act("receive", "hefei-3", "changsha-2"),
    ]


def _accepted() -> list[ActFact]:
    return [*_sent(), _act("accept", "hefei-4", "hefei-3")]


def _standings(case: Case) -> dict[str, Standing]:
    return {verdict.fact.id: verdict.standing for verdict in case.history()}


def _picture(case: Case) -> tuple[object, list[Verdict], list[ClockEvent]]:
    return case.situation, case.history(), case.clock_events()


_workflows = st.sampled_from(list(WORKFLOWS.values()))


@given(st.data(), _workflows)
@settings(max_examples=150, deadline=None)
def test_any_order_and_any_repetition_make_the_same_case(data: st.DataObject, workflow: Workflow) -> None:
    facts = data.draw(graphs(workflow))
    shuffled = data.draw(st.permutations(facts + data.draw(st.lists(st.sampled_from(facts)))))
    assert _picture(Case(workflow, CASE, shuffled)) == _picture(Case(workflow, CASE, facts))


_disclosed = st.sampled_from(
    [each for each in WORKFLOWS.values() if any(act.opens and not act.internal for act in each.acts)]
)


@given(st.data(), _disclosed)
@settings(max_examples=200, deadline=None)
def test_the_engine_computes_what_its_rules_say_act_by_act_or_all_at_once(
    data: st.DataObject, workflow: Workflow
) -> None:
    facts = data.draw(two_logs(workflow) if data.draw(st.booleans()) else graphs(workflow))
    facts = [fact for fact in facts if not workflow.act[fact.act].internal]
    growing = Case(workflow, CASE)
    for count, fact in enumerate(facts, 1):
        before = growing
        growing = before.grown([fact]) if data.draw(st.booleans()) else Case(workflow, CASE, facts[:count])
        assert fact.id not in _standings(before)
        if data.draw(st.booleans()):
            assert _picture(growing) == _picture(Case(workflow, CASE, facts[:count]))
    oracle = Oracle(workflow, [each.fact for each in growing.history() if each.standing is not Standing.PENDING])
    assert (_taken(growing), growing.situation) == (oracle.taken(), oracle.situation())
    assert _picture(growing) == _picture(Case(workflow, CASE, data.draw(st.permutations(facts))))


def _taken(case: Case) -> Taken:
    verdicts = (each for each in case.history() if each.standing is not Standing.PENDING)
    return [(each.fact.id, each.standing, each.state, each.cause) for each in verdicts]


@given(st.data(), _workflows)
@settings(max_examples=100, deadline=None)
def test_another_city_computes_the_same_without_what_it_cannot_see(data: st.DataObject, workflow: Workflow) -> None:
    facts = data.draw(graphs(workflow))
    seen = [fact for fact in facts if not workflow.act[fact.act].internal]
    ours, theirs = Case(workflow, CASE, facts), Case(workflow, CASE, seen)
    shared = [each for each in ours.history() if each.standing is not Standing.PENDING and each.fact in seen]
    assert shared == [each for each in theirs.history() if each.standing is not Standing.PENDING]
    if theirs.state:
        assert ours.situation == theirs.situation


@given(st.data(), _workflows)
@settings(max_examples=100, deadline=None)
def test_what_arrives_later_changes_no_refusal_and_nothing_in_the_past_of_what_follows_it_all(
    data: st.DataObject, workflow: Workflow
) -> None:
    facts = data.draw(graphs(workflow))
    before = Case(workflow, CASE, facts[: data.draw(st.integers(1, len(facts)))])
    after = Case(workflow, CASE, facts)
    early, late = (_standings(case) for case in (before, after))
    refused = {each for each, standing in early.items() if standing is Standing.REFUSED}
    assert refused <= {each for each, standing in late.items() if standing is Standing.REFUSED}
    moved = {each for each in early if early[each] != late[each] and early[each] is not Standing.PENDING}
    new = [fact for fact in facts if fact.id not in early]
    assert all(any(not _is_after(fact, each, facts) for fact in new) for each in moved)


def _is_after(fact: ActFact, record_id: str, facts: list[ActFact]) -> bool:
    """Whether `fact` follows the record, directly or not."""
    by_id = {each.id: each for each in facts}
    return any(each == record_id or _is_after(by_id[each], record_id, facts) for each in fact.follows if each in by_id)


@given(st.data(), _workflows)
@settings(max_examples=60, deadline=None)
def test_an_act_in_force_was_allowed_where_the_acts_in_force_before_it_led(
    data: st.DataObject, workflow: Workflow
) -> None:
    case = Case(workflow, CASE, data.draw(graphs(workflow)))
    state = ""
    for verdict in case.history():
        act = workflow.act[verdict.fact.act]
        if verdict.standing is not Standing.IN_FORCE or act.internal:
            continue
        assert state in act.sources or (act.discloses and not state)
        state = verdict.state
        assert act.target in {None, state}


def test_a_referral_runs_to_its_feedback() -> None:
    case = Case(REFERRAL, CASE, _accepted())
    for index, name in enumerate(("verify", "file", "investigate", "penalise", "close", "tell_result"), 5):
        fact = _act(name, f"hefei-{index}", *case.heads(REFERRAL.act[name]))
        assert check(case, fact, Role.CASE_OFFICER) == []
        case.add(fact)
    assert (case.state, case.is_final, case.parties["handler"]) == ("feedback", True, "hefei")


def test_concurrent_acts_yield_to_the_declared_precedence_and_the_loser_is_kept() -> None:
    facts = [*_sent(), _act("accept", "hefei-4", "hefei-3"), _act("withdraw", "changsha-5", "hefei-3")]
    case = Case(REFERRAL, CASE, facts)
    loser = next(each for each in case.history() if each.fact.id == "hefei-4")
    assert case.state == "withdrawn"
    assert (loser.standing, loser.cause, loser.broken[0].reason) == (
        Standing.OVERRIDDEN,
        "changsha-5",
        Reason.ACT_NOT_ALLOWED,
    )


def test_an_act_falls_with_the_overridden_act_it_follows_unless_it_knew() -> None:
    objected = [*_sent(), _act("object", "hefei-4", "hefei-3")]
    concurrent = [_act("accept", "hefei-5", "hefei-4"), _act("escalate", "changsha-6", "hefei-4")]
    # The state allows it either way: it falls because it was made for a case that had been accepted.
    unknowing = _act("supplement", "hefei-7", "hefei-5")
    knowing = replace(unknowing, follows=("hefei-5", "changsha-6"))
    case = Case(REFERRAL, CASE, [*objected, *concurrent, unknowing])
    assert (case.state, _standings(case)["hefei-7"], case.history()[-1].cause) == (
        "escalated",
        Standing.OVERRIDDEN,
        "changsha-6",
    )
    assert _standings(Case(REFERRAL, CASE, [*objected, *concurrent, knowing]))["hefei-7"] is Standing.IN_FORCE


def test_what_changed_nothing_overrode_nothing() -> None:
    objected = [*_sent(), _act("object", "hefei-4", "hefei-3")]
    escalated = _act("escalate", "changsha-5", "hefei-4")
    # Changsha's note is taken before Hefei's word, which knows nothing of it; what ended the talks is the escalation.
    noted = _act("supplement", "changsha-6", "changsha-5")
    negotiated = _act("negotiate", "hefei-7", "hefei-4")
    knowing = _act("supplement", "hefei-8", "hefei-7", "changsha-5")
    case = Case(REFERRAL, CASE, [*objected, escalated, noted, negotiated, knowing])
    assert next(each for each in case.history() if each.fact is negotiated).cause == "changsha-5"
    assert _standings(case)["hefei-8"] is Standing.IN_FORCE


def test_concurrent_acts_that_do_not_disturb_each_other_both_stand() -> None:
    facts = [*_accepted(), _act("verify", "hefei-5", "hefei-4"), _act("supplement", "changsha-6", "hefei-4")]
    assert set(_standings(Case(REFERRAL, CASE, facts)).values()) == {Standing.IN_FORCE}


def test_an_act_whose_predecessor_is_missing_waits() -> None:
    case = Case(REFERRAL, CASE, [*_sent(), _act("verify", "hefei-5", "hefei-4")])
    assert (case.state, case.history()[-1].cause, _standings(case)["hefei-5"]) == (
        "received",
        "hefei-4",
        Standing.PENDING,
    )
    case.add(_act("accept", "hefei-4", "hefei-3"))
    assert case.state == "verifying"


def test_clocks_follow_the_acts_in_force() -> None:
    case = Case(
        REFERRAL, CASE, [*_accepted(), _act("verify", "hefei-5", "hefei-4"), _act("file", "hefei-6", "hefei-5")]
    )
    assert [(each.effect, each.rule) for each in case.clock_events()] == [
        (Effect.START, "clue.filing_decision"),
        (Effect.STOP, "jurisdiction.negotiation"),
        (Effect.STOP, "clue.filing_decision"),
        (Effect.START, "case.decision"),
    ]


def test_the_designated_city_is_in_charge() -> None:
    objected = [*_sent(), _act("object", "hefei-4", "hefei-3"), _act("escalate", "changsha-5", "hefei-4")]
    designate = replace(
        _act("designate", "hefei-6", "changsha-5"), fields={"designated_city": "changsha", "document_number": "1"}
    )
    case = Case(REFERRAL, CASE, [*objected, designate])
    assert (case.state, case.parties["handler"]) == ("designated", "changsha")
    assert _reasons(case, _act("verify", "hefei-7", "hefei-6")) == {Reason.WRONG_ACTOR}
    assert _reasons(case, _act("verify", "changsha-7", "hefei-6")) == set()


def test_a_designation_starts_the_limit_anew_for_the_city_it_names() -> None:
    received = [*_sent(), _act("object", "hefei-4", "hefei-3"), _act("escalate", "changsha-5", "hefei-4")]
    designate = replace(
        _act("designate", "hefei-6", "changsha-5"), fields={"designated_city": "changsha", "document_number": "1"}
    )
    found = timers(Case(REFERRAL, CASE, [*received, designate]), vendored_calendar(), {})
    filing = [(each.act_id, each.owed_by, each.runs) for each in found if each.rule == "clue.filing_decision"]
    assert filing == [("hefei-3", ("hefei",), False), ("hefei-6", ("changsha",), True)]


def _reasons(case: Case, fact: ActFact, role: Role | None = None) -> set[Reason]:
    return {broken.reason for broken in check(case, fact, role)}


@pytest.mark.parametrize(
    ("fact", "role", "reason"),
    [
        (_act("supplement", "hefei-5", "hefei-3"), Role.CLERK, Reason.ACT_OUTDATED),
        (_act("penalise", "hefei-5", "hefei-4"), Role.CASE_OFFICER, Reason.ACT_NOT_ALLOWED),
        (_act("verify", "changsha-5", "hefei-4"), Role.CASE_OFFICER, Reason.WRONG_ACTOR),
        (_act("verify", "hefei-5", "hefei-4"), Role.CLERK, Reason.WRONG_ACTOR),
        (replace(_act("verify", "hefei-5", "hefei-4"), maker=None), Role.CASE_OFFICER, Reason.ACT_INCOMPLETE),
        (replace(_act("extend_filing", "hefei-5", "hefei-4"), approver=MAKER), None, Reason.FOUR_EYES),
        (replace(_act("extend_filing", "hefei-5", "hefei-4"), approver=None), None, Reason.FOUR_EYES),
        (replace(_act("extend_filing", "hefei-5", "hefei-4"), fields={}), None, Reason.ACT_INCOMPLETE),
    ],
)
def test_a_proposed_act_names_the_rule_it_breaks(fact: ActFact, role: Role | None, reason: Reason) -> None:
    case = Case(REFERRAL, CASE, _accepted())
    assert _reasons(case, fact, role) == {reason}
    with pytest.raises(NodeError) as refused:
        require(case, fact, role)
    assert refused.value.reason is reason


def test_a_referral_is_never_passed_on() -> None:
    case = Case(REFERRAL, CASE, _accepted())
    (broken,) = check(case, replace(_act("verify", "hefei-5", "hefei-4"), act="retransfer"))
    assert (broken.rule, broken.law.article, broken.reason) == (
        "referral.retransfer.forbidden",
        "14",
        Reason.ACT_NOT_ALLOWED,
    )
    case.add(replace(_act("verify", "hefei-5", "hefei-4"), act="retransfer"))
    assert (case.state, _standings(case)["hefei-5"]) == ("accepted", Standing.REFUSED)


def test_two_officers_have_two_certificates() -> None:
    case = Case(REFERRAL, CASE, [*_accepted(), _act("verify", "hefei-5", "hefei-4")])
    fact = _act("file", "hefei-6", "hefei-5")
    assert _reasons(case, fact) == set()
    twice = replace(fact, officers=(MAKER, replace(APPROVER, certificate=MAKER.certificate)))
    assert [broken.rule for broken in check(case, twice)] == ["referral.file.officers"]


def test_a_draft_is_sent_only_when_approved() -> None:
    case = Case(REFERRAL, CASE, _sent()[:1])
    assert _reasons(case, _act("send", "changsha-1", CASE)) == {Reason.ACT_NOT_ALLOWED}
    case.add(_sent()[1])
    assert _reasons(case, _act("send", "changsha-2", "changsha-1")) == set()


def test_nobody_else_opens_a_city_s_case() -> None:
    forged = _act("send", "wuhan-1", "changsha-1")
    assert _standings(Case(REFERRAL, CASE, [forged])) == {"wuhan-1": Standing.REFUSED}


def test_a_year_passes_before_early_removal() -> None:
    workflow = WORKFLOWS["listing.serious"]
    decided = complete(workflow, workflow.act["decide"], "changsha-1", CASE, (CASE,))
    pushed = complete(workflow, workflow.act["push"], "changsha-2", CASE, ("changsha-1",))
    published = complete(workflow, workflow.act["publish"], "hefei-3", CASE, ("changsha-2",))
    case = Case(workflow, CASE, [decided, pushed, published])
    removal = complete(workflow, workflow.act["remove_early"], "changsha-4", CASE, ("hefei-3",))
    assert _reasons(case, removal) == {Reason.ACT_TOO_EARLY}
    assert _reasons(case, replace(removal, on=DAY.replace(year=DAY.year + 1))) == set()


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
    assert set(_standings(case).values()) == {Standing.IN_FORCE}
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
    running = {timer.rule for timer in timers(_listed(*acts), vendored_calendar(), {}) if timer.runs}
    assert running & {"listing.serious.push", "listing.serious.publication"} == set()


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
    assert _reasons(case, replace(ending, on=last), Role.NODE) == {Reason.ACT_TOO_EARLY}
    assert _reasons(case, replace(ending, on=last + timedelta(days=1)), Role.NODE) == set()


def test_an_end_date_lifts_a_measure_by_itself() -> None:
    workflow = WORKFLOWS["measure.request"]
    issued = complete(workflow, workflow.act["issue"], CASE, CASE, ())
    case = Case(workflow, CASE, [issued])
    expire = replace(complete(workflow, workflow.act["expire"], "changsha-1", CASE, (CASE,)), maker=None)
    assert _reasons(case, expire, Role.NODE) == {Reason.ACT_TOO_EARLY}
    assert _reasons(case, replace(expire, on=LATE), Role.NODE) == set()


def test_a_platform_acts_in_its_own_matters_only() -> None:
    workflow = WORKFLOWS["measure.request"]
    case = Case(workflow, CASE, [complete(workflow, workflow.act["issue"], CASE, CASE, ())])
    ack = complete(workflow, workflow.act["ack"], "hefei-1", CASE, (CASE,))
    assert _reasons(case, ack) == set()
    assert _reasons(case, replace(ack, platform="小红书")) == {Reason.WRONG_ACTOR}
    # From the log of the city it is connected to alone, whoever asked.
    for city in ("changsha", "wuhan"):
        assert _reasons(case, replace(ack, id=f"{city}-1", city=city)) == {Reason.WRONG_ACTOR}


def test_a_case_takes_no_act_of_another_case_nor_two_under_one_id() -> None:
    case = Case(REFERRAL, CASE, _accepted())
    for wrong in (replace(_sent()[0], case="changsha-9"), replace(_sent()[0], on=LATE)):
        with pytest.raises(NodeError):
            case.add(wrong)


def _logs_with_delay(lag: int, size: int = 1000) -> list[ActFact]:
    """Two cities that note something in turn, each knowing of the other's notes but the last `lag`."""
    facts, logs = _accepted(), {city: ["hefei-4"] for city in ("changsha", "hefei")}
    for index in range(5, size):
        city, other = ("changsha", "hefei") if index % 2 else ("hefei", "changsha")
        known = logs[other][max(0, len(logs[other]) - 1 - lag)]
        fact = _act("supplement", f"{city}-{index}", *dict.fromkeys((logs[city][-1], known)))
        logs[city].append(fact.id)
        facts.append(fact)
    return facts


@pytest.mark.parametrize("lag", [0, 1, 30, 1000])
def test_a_thousand_acts_in_two_logs_are_cheap_in_any_order(lag: int, monkeypatch: pytest.MonkeyPatch) -> None:
    facts, looks, take = _logs_with_delay(lag), [0], Run._take

    def counted(run: Run, position: int, situation: Situation, at: int) -> Step:
        looks[0] += 1
        return take(run, position, situation, at)

    monkeypatch.setattr(Run, "_take", counted)
    shuffled = Case(REFERRAL, CASE, random.Random(7).sample(facts, len(facts)))
    assert _picture(shuffled) == _picture(Case(REFERRAL, CASE, facts))
    # Each act at most once for each city and once for all, in each of the two cases.
    assert looks[0] <= 2 * 3 * len(facts)


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
        case = Case(workflow, CASE, facts, is_taken_back=True)
        assert case.state == "withdrawn"
        assert case.is_final
        standings = {each.fact.act: each.standing for each in case.history()}
        assert standings == {each.act: Standing.IN_FORCE if each is back else Standing.PENDING for each in facts}
    # Nobody else takes a city's case back, and nothing is taken back before it was there.
    assert Case(workflow, CASE, [replace(back, id="hefei-2", city="hefei")], is_taken_back=True).state == ""
    assert _reasons(Case(workflow, ""), replace(back, id="", case="", follows=())) == {Reason.ACT_NOT_ALLOWED}
