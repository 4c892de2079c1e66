"""Whatever the order in which acts arrive: properties of the engine, over every workflow."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.core.workflow.case import Case, DeadlineEvent, Verdict
from node.core.workflow.declared import WORKFLOWS
from node.core.workflow.facts import ActFact
from node.core.workflow.model import Workflow
from node.core.workflow.rules import Situation
from node.core.workflow.run import Run, Standing, Step
from tests.kit.effort import effort
from tests.kit.oracles.workflow import Oracle, Taken
from tests.kit.workflow.acts import graphs, two_logs
from tests.kit.workflow.referral import CASE, REFERRAL, accepted, act, standings


def _picture(case: Case) -> tuple[object, list[Verdict], list[DeadlineEvent]]:
    return case.situation, case.history(), case.deadline_events()


_workflows = st.sampled_from(list(WORKFLOWS.values()))


@given(st.data(), _workflows)
@effort(150)
def test_any_order_and_any_repetition_make_the_same_case(data: st.DataObject, workflow: Workflow) -> None:
    facts = data.draw(graphs(workflow))
    shuffled = data.draw(st.permutations(facts + data.draw(st.lists(st.sampled_from(facts)))))
    assert _picture(Case(workflow, CASE, shuffled)) == _picture(Case(workflow, CASE, facts))


_disclosed = st.sampled_from(
    [each for each in WORKFLOWS.values() if any(act.opens and not act.internal for act in each.acts)]
)


@given(st.data(), _disclosed)
@effort(200)
def test_the_engine_computes_what_its_rules_say_act_by_act_or_all_at_once(
    data: st.DataObject, workflow: Workflow
) -> None:
    facts = data.draw(two_logs(workflow) if data.draw(st.booleans()) else graphs(workflow))
    facts = [fact for fact in facts if not workflow.act[fact.act].internal]
    growing = Case(workflow, CASE)
    for count, fact in enumerate(facts, 1):
        before = growing
        growing = before.grown([fact]) if data.draw(st.booleans()) else Case(workflow, CASE, facts[:count])
        assert fact.id not in standings(before)
        if data.draw(st.booleans()):
            assert _picture(growing) == _picture(Case(workflow, CASE, facts[:count]))
    oracle = Oracle(workflow, [each.fact for each in growing.history() if each.standing is not Standing.PENDING])
    assert (_taken(growing), growing.situation) == (oracle.taken(), oracle.situation())
    assert _picture(growing) == _picture(Case(workflow, CASE, data.draw(st.permutations(facts))))


def _taken(case: Case) -> Taken:
    verdicts = (each for each in case.history() if each.standing is not Standing.PENDING)
    return [(each.fact.id, each.standing, each.state, each.cause) for each in verdicts]


@given(st.data(), _workflows)
@effort(100)
def test_another_city_computes_the_same_without_what_it_cannot_see(data: st.DataObject, workflow: Workflow) -> None:
    facts = data.draw(graphs(workflow))
    seen = [fact for fact in facts if not workflow.act[fact.act].internal]
    ours, theirs = Case(workflow, CASE, facts), Case(workflow, CASE, seen)
    shared = [each for each in ours.history() if each.standing is not Standing.PENDING and each.fact in seen]
    assert shared == [each for each in theirs.history() if each.standing is not Standing.PENDING]
    if theirs.state:
        assert ours.situation == theirs.situation


@given(st.data(), _workflows)
@effort(100)
def test_what_arrives_later_changes_no_refusal_and_nothing_in_the_past_of_what_follows_it_all(
    data: st.DataObject, workflow: Workflow
) -> None:
    facts = data.draw(graphs(workflow))
    before = Case(workflow, CASE, facts[: data.draw(st.integers(1, len(facts)))])
    after = Case(workflow, CASE, facts)
    early, late = (standings(case) for case in (before, after))
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
@effort(60)
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


def _logs_with_delay(lag: int, size: int = 1000) -> list[ActFact]:
    """Two cities that note something in turn, each knowing of the other's notes but the last `lag`."""
    facts, logs = accepted(), {city: ["hefei-4"] for city in ("changsha", "hefei")}
    for index in range(5, size):
        city, other = ("changsha", "hefei") if index % 2 else ("hefei", "changsha")
        known = logs[other][max(0, len(logs[other]) - 1 - lag)]
        fact = act("supplement", f"{city}-{index}", *dict.fromkeys((logs[city][-1], known)))
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
