"""`gongzhi deadline` as an officer sees it."""

import json
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from node.cli.deadline import deadline
from node.cli.main import gongzhi
from node.errors import NodeError, Reason
from tests.kit.commands import invoke, output_of


def run(*arguments: str) -> str:
    return output_of(*arguments, command=deadline)


def as_json(*arguments: str) -> Any:
    return json.loads(run(*arguments, "--json"))


def refused(*arguments: str) -> Reason:
    with pytest.raises(NodeError) as refusal:
        run(*arguments)
    return refusal.value.reason


@pytest.mark.parametrize(
    ("lang", "words"), [("en", ("60 days", "Mediate")), ("zh", ("60日", "投诉调解", "总局令第121号"))]
)
def test_the_list_shows_what_is_in_force(lang: str, words: tuple[str, ...]) -> None:
    output = run("list", "--on", "2026-05-01", "--lang", lang)
    line = next(line for line in output.splitlines() if "complaint.mediation" in line)
    assert all(word in line for word in words)


def test_the_list_says_which_limits_are_to_be_checked_with_the_law() -> None:
    lines = {
        line.split()[0]: line for line in run("list", "--on", "2026-05-01", "--lang", "zh").splitlines() if line.strip()
    }
    assert "待核" in lines["listing.serious.term"]
    assert "已核" in lines["clue.filing_decision"]


def test_the_list_of_another_day_and_of_all_days() -> None:
    then = {rule["id"]: rule for rule in as_json("list", "--on", "2026-04-14")}
    assert (then["complaint.mediation"]["limit"], then["complaint.mediation"]["until"]) == (45, "2026-04-14")
    ids = [rule["id"] for rule in as_json("list", "--all")]
    assert ids.count("complaint.mediation") == 2


def test_due() -> None:
    output = run("due", "complaint.mediation", "--from", "2026-08-05", "--on", "2026-10-01")
    assert "2026-10-08  Thursday" in output
    assert "running, 7 days left" in output


def test_due_with_testing_and_extensions() -> None:
    command = ("due", "clue.filing_decision", "--from", "2026-03-02", "--suspend", "2026-03-09..2026-03-15:testing")
    assert as_json(*command)["due"] == "2026-03-30"
    assert as_json(*command, "--extend")["due"] == "2026-04-21"
    assert as_json(*command, "--extend", "5", "--on", "2026-03-10")["reading"]["state"] == "suspended"
    assert as_json("due", "assistance.answer", "--from", "2026-03-02", "--extend", "5")["limit"] == 20


def test_due_of_hours() -> None:
    due = as_json("due", "crime.transfer", "--from", "2026-03-02T15:00")
    assert due["due_at"] == "2026-03-03 15:00:00+08:00"


def test_refusals() -> None:
    assert refused("due", "no.rule", "--from", "2026-03-02") is Reason.NOT_FOUND
    assert refused("due", "credit.repair.execution", "--from", "2025-03-02") is Reason.RULE_NOT_IN_FORCE
    assert refused("due", "clue.filing_decision", "--from", "2026-12-20") is Reason.CALENDAR_HORIZON
    assert refused("due", "assistance.answer", "--from", "2026-03-02", "--extend") is Reason.CLOCK_REFUSED
    assert refused("calendar", "2027") is Reason.CALENDAR_HORIZON


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--from", "5 March"),
        ("--from", "20260305T"),
        ("--suspend", "2026-03-05"),
        ("--suspend", "2026-03-05..2026-03-04"),
    ],
)
def test_what_is_no_date_is_told(option: str, value: str) -> None:
    result = invoke(deadline, "due", "clue.filing_decision", "--from", "2026-03-02", option, value)
    assert result.exit_code == 2
    assert value in result.output


def test_the_calendar_and_a_year_entered_by_hand(tmp_path: Path) -> None:
    assert "国办发明电〔2025〕7号" in run("calendar", "2026")
    assert as_json("calendar", "2026")["working_days"] == 248
    vendored = (resources.files("node.core.law") / "calendar_data" / "2026.yaml").read_text("utf-8")
    amended = tmp_path / "2026.yaml"
    amended.write_text(vendored.replace("version: 1", "version: 2"), encoding="utf-8")
    assert as_json("calendar", "2026", "--calendar", str(amended))["version"] == 2
    due = as_json("due", "clue.filing_decision", "--from", "2026-03-02", "--calendar", str(amended))
    assert due["calendar"] == "2024.1 2025.1 2026.2"


def test_the_former_name_works_and_names_its_successor() -> None:
    result = invoke(gongzhi, "clock", "list", "--on", "2026-05-01")
    assert result.exit_code == 0
    assert "complaint.mediation" in result.stdout
    assert "gongzhi deadline" in result.stderr
    assert "clock " not in invoke(gongzhi, "--help").output


@pytest.mark.parametrize(
    ("lang", "successor"), [("en", "use `gongzhi peer payload` instead"), ("zh", "`gongzhi peer payload`")]
)
def test_the_former_name_of_peer_payload_names_its_successor(lang: str, successor: str) -> None:
    assert successor in invoke(gongzhi, "--lang", lang, "peer", "evidence", "--help").output
    assert "evidence" not in invoke(gongzhi, "peer", "--help").output
