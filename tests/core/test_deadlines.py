"""Deadlines against the domain's examples, and against a model that counts day by day."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.core.law.calendar import SHANGHAI, vendored_calendar
from node.core.law.deadlines import Deadline, Reading, State, start
from node.core.law.legal_rules import LegalRule, Unit, find_rule
from node.errors import NodeError, Reason

CALENDAR = vendored_calendar()
DAY = timedelta(days=1)
STARTS = st.dates(date(2025, 8, 1), date(2026, 6, 30))


def begin(rule_id: str, on: date) -> Deadline:
    return start(find_rule(rule_id, on if not isinstance(on, datetime) else on.date()), on, CALENDAR)


def rule(limit: int, unit: Unit, rolls: bool | None = None) -> LegalRule:
    base = find_rule("clue.filing_decision", date(2026, 1, 1))
    return base.model_copy(update={"limit": limit, "unit": unit, "rolls": rolls})


@pytest.mark.parametrize("unit", [Unit.DAYS, Unit.MONTHS, Unit.YEARS])
def test_a_limit_that_begins_on_the_last_day_there_is_ends_on_it(unit: Unit) -> None:
    assert start(rule(90, unit, rolls=False), date.max, CALENDAR).due == date.max


@pytest.mark.parametrize(
    ("rule_id", "on", "due"),
    [
        ("complaint.acceptance", date(2026, 2, 12), date(2026, 2, 28)),
        ("clue.filing_decision", date(2026, 2, 12), date(2026, 3, 11)),
        ("assistance.answer", date(2026, 9, 18), date(2026, 10, 15)),
        ("listing.serious.push", date(2026, 4, 30), date(2026, 5, 18)),
        ("complaint.mediation", date(2026, 8, 5), date(2026, 10, 8)),  # 10-04, rolled
        ("listing.serious.term", date(2026, 8, 5), date(2029, 8, 5)),  # a Sunday past the horizon: it does not roll
        ("listing.serious.early_removal", date(2024, 2, 29), date(2025, 2, 28)),
        ("platform.sanction_publication", date(2026, 9, 30), date(2026, 10, 8)),
    ],
)
def test_worked_examples(rule_id: str, on: date, due: date) -> None:
    assert begin(rule_id, on).due == due


def test_a_limit_past_the_horizon_fails_closed() -> None:
    late = begin("clue.filing_decision", date(2026, 12, 20))
    for question in (
        lambda: late.due,
        lambda: late.at(date(2026, 12, 21)),
        lambda: late.stop(date(2026, 12, 21)).at(DAY_AFTER),
    ):
        with pytest.raises(NodeError) as refusal:
            question()
        assert refusal.value.reason is Reason.CALENDAR_HORIZON


DAY_AFTER = date(2026, 12, 22)


def test_a_rule_binds_only_acts_of_its_time() -> None:
    with pytest.raises(NodeError) as refusal:
        start(find_rule("complaint.mediation", date(2026, 5, 1)), date(2026, 4, 14), CALENDAR)
    assert refusal.value.reason is Reason.RULE_NOT_IN_FORCE


def test_a_moment_starts_the_clock_on_its_date_in_shanghai() -> None:
    evening = datetime(2026, 2, 11, 17, 0, tzinfo=SHANGHAI) + timedelta(hours=8)
    assert begin("complaint.acceptance", evening).due == date(2026, 2, 28)


def test_a_limit_in_hours() -> None:
    began = datetime(2026, 3, 6, 15, 0, tzinfo=SHANGHAI)
    clock = begin("crime.transfer", began)
    assert clock.due_at == began + timedelta(hours=24)
    assert clock.due == date(2026, 3, 7)
    assert clock.at(began + timedelta(hours=24)).state is State.RUNNING
    assert clock.at(began + timedelta(hours=24, seconds=1)).state is State.OVERDUE
    assert clock.stop(began + timedelta(hours=23)).at(date(2026, 3, 7)).state is State.MET
    assert clock.stop(began + timedelta(hours=25)).at(date(2026, 3, 9)).state is State.OVERDUE
    with pytest.raises(NodeError, match="the time it starts"):
        begin("crime.transfer", began.date())


def test_a_day_is_over_at_midnight_in_shanghai() -> None:
    assert begin("complaint.acceptance", date(2026, 2, 12)).due_at == datetime(2026, 3, 1, tzinfo=SHANGHAI)


def test_reading_a_clock_from_start_to_overdue() -> None:
    clock = begin("complaint.acceptance", date(2026, 2, 12))
    due = date(2026, 2, 28)
    assert clock.at(date(2026, 2, 12)) == Reading(State.RUNNING, due, 7)
    assert clock.at(date(2026, 2, 15)) == Reading(State.RUNNING, due, 5)
    assert clock.at(due) == Reading(State.RUNNING, due, 0)
    assert clock.at(date(2026, 3, 2)) == Reading(State.OVERDUE, due, None, 2)
    assert clock.stop(due).at(date(2026, 5, 1)) == Reading(State.MET, due)
    assert clock.stop(date(2026, 3, 3)).at(date(2026, 5, 1)) == Reading(State.OVERDUE, due, None, 3)
    assert clock.stop(date(2026, 3, 3)).at(date(2026, 2, 13)).state is State.RUNNING
    with pytest.raises(NodeError, match="starts on"):
        clock.at(date(2026, 2, 11))


def test_a_term_that_ran_out_is_elapsed_and_never_overdue() -> None:
    term = begin("listing.serious.term", date(2026, 8, 5))
    assert term.at(date(2029, 8, 5)).state is State.RUNNING
    assert term.at(date(2029, 8, 6)) == Reading(State.ELAPSED, date(2029, 8, 5), None, 1)
    assert term.stop(date(2027, 9, 1)).at(date(2030, 1, 1)).state is State.MET


def test_testing_is_excluded() -> None:
    clock = begin("clue.filing_decision", date(2026, 3, 2))
    assert clock.due == date(2026, 3, 23)
    suspended = clock.suspend(date(2026, 3, 9), "testing")
    assert suspended.due is None
    assert suspended.at(date(2026, 3, 8)) == Reading(State.RUNNING, date(2026, 3, 23), 11)
    assert suspended.at(date(2026, 3, 9)) == Reading(State.SUSPENDED, None, 11)
    assert suspended.at(date(2026, 3, 31)) == Reading(State.SUSPENDED, None, 11)
    resumed = suspended.resume(date(2026, 3, 16), "testing")
    assert resumed.due == date(2026, 3, 30)
    assert resumed.at(date(2026, 3, 12)) == Reading(State.SUSPENDED, None, 11)
    assert resumed.at(date(2026, 3, 15)) == Reading(State.SUSPENDED, None, 11)
    assert resumed.at(date(2026, 3, 16)) == Reading(State.RUNNING, date(2026, 3, 30), 10)
    assert suspended.stop(date(2026, 4, 30)).at(date(2026, 4, 30)).state is State.MET


def test_a_clock_resumed_on_the_day_it_was_suspended_lost_nothing() -> None:
    clock = begin("clue.filing_decision", date(2026, 3, 2))
    assert clock.suspend(date(2026, 3, 9), "testing").resume(date(2026, 3, 9), "testing") == clock


def test_two_causes_at_once_stop_the_clock_until_both_have_ended() -> None:
    clock = begin("case.decision", date(2026, 3, 2))
    both = clock.suspend(date(2026, 3, 9), "testing").suspend(date(2026, 3, 11), "hearing")
    heard = both.resume(date(2026, 3, 12), "hearing")
    assert (heard.due, heard.at(date(2026, 3, 14)).state) == (None, State.SUSPENDED)
    tested = heard.resume(date(2026, 3, 19), "testing")
    assert tested.due == clock.suspend(date(2026, 3, 9), "testing").resume(date(2026, 3, 19), "testing").due
    with pytest.raises(NodeError, match="is not suspended for hearing"):
        heard.resume(date(2026, 3, 13), "hearing")


def test_suspended_days_of_the_calendar_and_the_roll() -> None:
    clock = begin("complaint.mediation", date(2026, 6, 1))
    assert clock.due == date(2026, 7, 31)
    paused = clock.suspend(date(2026, 6, 10), "testing").resume(date(2026, 6, 12), "testing")
    assert paused.due == date(2026, 8, 3)  # 08-02 is a Sunday
    # The sixtieth day is Sunday 2026-08-30; a suspension begun that day keeps the clock from rolling into it.
    weekend = begin("complaint.mediation", date(2026, 7, 1))
    assert weekend.due == date(2026, 8, 31)
    assert weekend.suspend(date(2026, 8, 31), "testing").resume(date(2026, 9, 3), "testing").due == date(2026, 9, 3)


def test_extensions_in_their_order_before_expiry_and_approved() -> None:
    clock = begin("case.decision", date(2026, 3, 2))
    assert clock.due == date(2026, 6, 1)  # 05-31 is a Sunday
    once = clock.extend(date(2026, 5, 29), approved_by="a head")
    assert (once.limit, once.due) == (120, date(2026, 6, 30))
    twice = once.extend(date(2026, 6, 30), approved_by="heads in session", limit=10)
    assert twice.due == date(2026, 7, 10)
    assert twice.at(date(2026, 6, 1)).due == date(2026, 6, 30)
    assert clock.due == date(2026, 6, 1)


def test_an_extension_of_open_length_must_be_told_before_expiry() -> None:
    clock = begin("assistance.answer", date(2026, 9, 18))
    told = clock.extend(date(2026, 10, 14), limit=5, told_on=date(2026, 10, 15))
    assert told.due == date(2026, 10, 22)
    with pytest.raises(NodeError, match="told before expiry"):
        clock.extend(date(2026, 10, 14), limit=5)
    with pytest.raises(NodeError, match="told before expiry"):
        clock.extend(date(2026, 10, 14), limit=5, told_on=date(2026, 10, 16))


CLUE = begin("clue.filing_decision", date(2026, 3, 2))  # due 2026-03-23


@pytest.mark.parametrize(
    ("act", "why"),
    [
        (lambda: CLUE.suspend(date(2026, 3, 3), "hearing"), "only for testing"),
        (
            lambda: begin("complaint.acceptance", date(2026, 3, 2)).suspend(date(2026, 3, 3), "testing"),
            "nothing suspends it",
        ),
        (lambda: CLUE.suspend(date(2026, 3, 24), "testing"), "ran out on 2026-03-23"),
        (lambda: CLUE.suspend(date(2026, 3, 1), "testing"), "last act is of 2026-03-02"),
        (lambda: CLUE.suspend(date(2026, 3, 3), "testing").suspend(date(2026, 3, 4), "testing"), "suspended already"),
        (
            lambda: CLUE.suspend(date(2026, 3, 5), "testing").resume(date(2026, 3, 4), "testing"),
            "last act is of 2026-03-05",
        ),
        (lambda: CLUE.resume(date(2026, 3, 4), "testing"), "is not suspended"),
        (lambda: CLUE.extend(date(2026, 3, 24), approved_by="a head"), "too late to extend"),
        (lambda: CLUE.extend(date(2026, 3, 4), approved_by=" "), "only with approval"),
        (lambda: CLUE.extend(date(2026, 3, 4), approved_by="a head", limit=16), "of 1 to 15 working_days"),
        (lambda: CLUE.extend(date(2026, 3, 4), approved_by="a head", limit=0), "of 1 to 15 working_days"),
        (
            lambda: begin("assistance.answer", date(2026, 3, 2)).extend(date(2026, 3, 3), told_on=date(2026, 3, 3)),
            "any",
        ),
        (lambda: begin("listing.serious.push", date(2026, 3, 2)).extend(date(2026, 3, 3)), "cannot be extended$"),
        (lambda: CLUE.extend(date(2026, 3, 4), approved_by="x").extend(date(2026, 3, 5), approved_by="x"), "again"),
        (lambda: CLUE.stop(date(2026, 3, 4)).extend(date(2026, 3, 4), approved_by="a head"), "stopped on 2026-03-04"),
        (lambda: CLUE.stop(date(2026, 3, 1)), "last act is of"),
    ],
)
def test_what_the_law_does_not_allow_is_refused(act: Callable[[], object], why: str) -> None:
    with pytest.raises(NodeError, match=why) as refusal:
        act()
    assert refusal.value.reason is Reason.CLOCK_REFUSED


def counted(day: date, unit: Unit, paused: list[date]) -> bool:
    return day not in paused and (unit is not Unit.WORKING_DAYS or CALENDAR.is_working_day(day))


def due_by_model(on: date, limit: int, unit: Unit, paused: list[date], rolls: bool) -> date:
    """Walks the days one by one."""
    day = on
    while limit:
        day += DAY
        limit -= counted(day, unit, paused)
    while rolls and not counted(day, Unit.WORKING_DAYS, paused):
        day += DAY
    return day


@given(
    STARTS,
    st.integers(1, 40),
    st.sampled_from([(Unit.WORKING_DAYS, None), (Unit.DAYS, True), (Unit.DAYS, False)]),
    st.lists(st.tuples(st.integers(0, 15), st.integers(1, 15)), max_size=4),
)
def test_any_suspensions_agree_with_the_model(
    on: date, limit: int, kind: tuple[Unit, bool | None], pauses: list[tuple[int, int]]
) -> None:
    unit, rolls = kind
    clock, day, paused = start(rule(limit, unit, rolls), on, CALENDAR), on, list[date]()
    for gap, length in pauses:
        since = day + gap * DAY
        if clock.due is None or since > clock.due:
            break
        day = since + length * DAY
        clock = clock.suspend(since, "testing").resume(day, "testing")
        paused += [since + n * DAY for n in range(length)]
    assert clock.due == due_by_model(on, limit, unit, paused, bool(rolls))
    left = sum(counted(on + n * DAY, unit, paused) for n in range(1, (clock.due - on).days + 1))
    assert clock.days_left(on) == left


@given(STARTS, st.integers(1, 40), st.integers(1, 20), st.integers(0, 30))
def test_k_suspended_working_days_move_the_due_day_by_k(on: date, limit: int, length: int, gap: int) -> None:
    clock = start(rule(limit, Unit.WORKING_DAYS), on, CALENDAR)
    since = min(on + gap * DAY + DAY, clock.due or on)
    moved = clock.suspend(since, "testing").resume(since + length * DAY, "testing").due
    lost = CALENDAR.count_working_days(since - DAY, since + (length - 1) * DAY)
    assert clock.due is not None
    assert moved == CALENDAR.add_working_days(clock.due, lost)


@given(STARTS, st.integers(1, 60), st.sampled_from([Unit.DAYS, Unit.MONTHS]))
def test_a_rolling_clock_is_never_due_on_a_day_off(on: date, limit: int, unit: Unit) -> None:
    due = start(rule(1 + limit % 5 if unit is Unit.MONTHS else limit, unit, rolls=True), on, CALENDAR).due
    assert due is not None
    assert CALENDAR.is_working_day(due)


@given(STARTS, st.integers(1, 40), st.sampled_from([Unit.WORKING_DAYS, Unit.DAYS, Unit.MONTHS, Unit.YEARS]))
def test_a_longer_limit_is_due_later(on: date, limit: int, unit: Unit) -> None:
    rolls = None if unit is Unit.WORKING_DAYS else False
    one, other = (start(rule(each, unit, rolls), on, CALENDAR).due for each in (limit, limit + 1))
    assert one is not None
    assert other is not None
    assert other > one > on


@given(STARTS, st.integers(1, 40))
def test_where_the_first_day_counts_it_is_one_of_them(on: date, limit: int) -> None:
    counting = rule(limit, Unit.DAYS, rolls=False).model_copy(update={"first_day_counts": True})
    assert start(counting, on, CALENDAR).due == on + (limit - 1) * DAY
    month = rule(1, Unit.MONTHS, rolls=False).model_copy(update={"first_day_counts": True})
    assert start(month, date(2026, 3, 1), CALENDAR).due == date(2026, 3, 31)
