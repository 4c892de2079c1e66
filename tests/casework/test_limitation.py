"""Two years, or five, from the end of a violation to its discovery (Administrative Penalty Law, Art 36)."""

from datetime import date
from typing import Any

import pytest

from node.core.law.limitation import last_day_to_discover
from node.errors import Reason
from node.usecases.casework.propose import ActRefusedError
from tests.kit.casework.casework_city import TWO, CaseworkCity, at, broken_in, documents, drafted_referral, referring
from tests.kit.casework.penalties import penalising

Desks = tuple[CaseworkCity, CaseworkCity]


@pytest.mark.parametrize(
    ("ended_on", "harms_safety", "last"),
    [
        ("2024-05-06", False, "2026-05-06"),
        ("2024-02-29", False, "2026-02-28"),
        ("2021-07-15", True, "2026-07-15"),
        ("2021-07-14", True, "2023-07-14"),  # the five years are of the law of 2021
        ("2019-05-01", False, "2021-05-01"),
    ],
)
def test_correction_14_the_limitation_counts_from_the_end_of_the_violation(
    ended_on: str, *, harms_safety: bool, last: str
) -> None:
    assert last_day_to_discover(date.fromisoformat(ended_on), harms_safety=harms_safety) == date.fromisoformat(last)


def verified(desk: CaseworkCity, **fields: Any) -> str:
    """A matter that the city keeps and checks; its case."""
    body: Any = drafted_referral(desk.city)
    body.ClearField("limitation_on")
    for field, value in fields.items():
        setattr(body, field, value)
    case = desk.act("referral", "", body).case
    desk.decide("referral", case, referring("approve"))
    desk.decide("referral", case, referring("send", officers=TWO, article="程序规定 第14条"))
    desk.act("referral", case, referring("receive"))
    desk.decide("referral", case, referring("accept"))
    desk.act("referral", case, referring("verify"))
    return case


def filing() -> Any:
    return referring("file", officers=TWO, document_number="立1号", documents=documents("立案审批表"))


@pytest.mark.parametrize(
    ("ended_on", "discovered_on", "harms_safety", "is_barred"),
    [
        ("2024-05-04", "2026-05-05", False, True),
        ("2024-05-05", "2026-05-05", False, False),
        ("2022-05-04", "2026-05-05", False, True),
        ("2022-05-04", "2026-05-05", True, False),
    ],
    ids=["a_day_late", "on_the_last_day", "four_years", "four_years_and_harm"],
)
def test_correction_14_what_was_discovered_too_late_is_not_filed(
    desks: Desks, ended_on: str, discovered_on: str, *, harms_safety: bool, is_barred: bool
) -> None:
    changsha, _ = desks
    case = verified(changsha, violation_ended_on=ended_on, discovered_on=discovered_on, harms_safety=harms_safety)
    if not is_barred:
        assert changsha.decide("referral", case, filing()).state == "filed"
        return
    with pytest.raises(ActRefusedError) as caught:
        changsha.decide("referral", case, filing())
    assert broken_in(caught) == {("referral.file.penalty.limitation", Reason.ACT_NOT_ALLOWED)}
    refused = referring("not_file", article="行政处罚法 第36条", reasons="超过追责时效")
    assert changsha.decide("referral", case, refused).state == "not_filed"


def test_correction_14_discovered_in_time_it_is_penalised_long_after(desks: Desks) -> None:
    """The limitation is over when the penalty is decided: the discovery had stopped it."""
    changsha, _ = desks
    case = verified(changsha, violation_ended_on="2024-05-05", discovered_on="2026-05-05")
    changsha.decide("referral", case, filing())
    changsha.act("referral", case, referring("investigate", officers=TWO))
    changsha.clock.at_ms = at("2026-07-20")
    assert changsha.decide("referral", case, penalising()).state == "penalised"


def test_correction_14_no_limitation_is_stated_that_counts_from_the_discovery(desks: Desks) -> None:
    changsha, _ = desks
    body = drafted_referral()
    body.violation_ended_on, body.discovered_on, body.limitation_on = "2025-05-05", "2026-05-05", "2028-05-05"
    with pytest.raises(ActRefusedError) as caught:
        changsha.act("referral", "", body)
    assert broken_in(caught) == {("referral.draft.limitation_on", Reason.INVALID_FIELD)}
    body.limitation_on = "2027-05-05"
    assert changsha.act("referral", "", body).state == "drafted"
