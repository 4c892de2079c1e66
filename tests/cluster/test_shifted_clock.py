"""A real node whose clock a file shifts: both processes follow, terms end, and everybody is told that it is so."""

import json
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import node.demo
from node.config import Config
from node.core.law.calendar import SHANGHAI
from node.core.members.clients import Kind
from node.core.members.officers import Account, OfficerRole
from node.folder.identity import add_client
from tests.kit.nodes.processes import FAST, Running, found
from tests.kit.waiting import eventually

NOTHING_FOUND = 4
YEAR_2027 = Path(node.demo.__file__).parent / "story" / "2027.yaml"
OFFICERS = {
    "zhang": Account("张三", (OfficerRole.CASE_OFFICER,), "A01"),
    "li": Account("李四", (OfficerRole.APPROVER,), "A02"),
}
ALERT = {
    "kind": "ALERT_KIND_LIVE_COMMERCE",
    "severity": "ALERT_SEVERITY_HIGH",
    "organ": "长沙市市场监督管理局",
    "facts": "同一货源在多个直播间虚假宣传。",
    "suggested_measures": ["ALERT_MEASURE_INSPECT"],
    "review_on": "2027-01-31",
}
COMPLAINT = {
    "number_12315": "1430100002026122812345",
    "channel": "COMPLAINT_CHANNEL_GREEN_CHANNEL",
    "party": {"uscc": "91340100MA00TEXT0E", "name": "合肥某某商贸有限公司"},
    "facts": "收到的商品与直播宣传不符。",
    "claims": ["CLAIM_KIND_REFUND"],
    "routed_by": "ROUTING_BASIS_DISPLAYED_ADDRESS",
}


def offset_to(day: str) -> int:
    """Seconds from now to 10:00 of a day in Shanghai."""
    there = datetime.fromisoformat(f"{day}T10:00").replace(tzinfo=SHANGHAI)
    return int((there - datetime.now(UTC)) / timedelta(seconds=1))


def run(*words: object, code: int = 0) -> str:
    command = [sys.executable, "-m", "node.cli.main", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == code, done.stderr + done.stdout
    return done.stdout


@pytest.fixture
def config(tmp_path: Path) -> Config:
    shutil.copy(YEAR_2027, tmp_path / "2027.yaml")
    settings = FAST | {"clock": {"offset_file": "offset"}, "calendars": ["../2027.yaml"]}
    made = found(tmp_path, "changsha", settings=settings)[0]
    (made.keys.parent / "offset").write_text(str(offset_to("2026-12-28")))
    for name, account in OFFICERS.items():
        add_client(made, name, Kind.OFFICER, tmp_path / name, datetime.now(UTC), account=account)
    return made


@pytest.fixture
def running(config: Config) -> Iterator[Running]:
    with Running(config) as running:
        yield running


def test_both_processes_follow_the_clock_and_say_so(running: Running, tmp_path: Path) -> None:
    zhang, li = tmp_path / "zhang", tmp_path / "li"
    at = ("--node", running.folder)
    (tmp_path / "alert.json").write_text(json.dumps(ALERT))
    (tmp_path / "complaint.json").write_text(json.dumps(COMPLAINT))
    issue = ("case", "draft", "alert", "issue", "--file", tmp_path / "alert.json")
    draft = json.loads(run(*issue, "--as", zhang, "--json"))
    alert = json.loads(run("case", "approve", draft["number"], "--as", li, "--json"))["case"]
    register = ("case", "open", "complaint", "register", "--file", tmp_path / "complaint.json")
    complaint = json.loads(run(*register, "--as", zhang, "--json"))["case"]

    def shown(case: str) -> Any:
        return json.loads(run("case", "show", case, "--as", zhang, "--json"))

    # Seven working days from a Monday before New Year: only the site's calendar knows the days of 2027.
    (clock,) = shown(complaint)["clocks"]
    assert (clock["started"], clock["due"]) == ("2026-12-28", "2027-01-07")
    run("operator", "search", "食品", *at, code=NOTHING_FOUND)
    (running.folder / "offset").write_text(str(offset_to("2027-02-01")))
    eventually(lambda: running.status().clock.now_ms > time.time_ns() // 1_000_000 + 1000)
    eventually(lambda: shown(alert)["state"] == "expired")
    eventually(lambda: shown(complaint).get("reminders"))
    assert shown(complaint)["clocks"][0]["state"] == "overdue"
    assert shown(alert)["acts"][-1]["on"] == "2027-02-01"
    run("operator", "search", "食品", *at, code=NOTHING_FOUND)
    eventually(lambda: _usage_days(running.folder / "data" / "usage.db") == ["2026-12-28", "2027-02-01"])

    status = run("status", *at)
    assert "CLOCK SHIFTED: this node works with 2027-02-01" in status
    assert json.loads(run("status", "--json", *at))["clock"]["calendar"].endswith("2027.1")
    told = [each for each in running.events() if each["event"] == "clock_shifted_by_a_file" and "role" in each]
    shifts = [(each["role"], each["offset_s"]) for each in told]
    assert {role for role, _ in shifts} == {"node", "query"}
    assert len(shifts) == 4
    rules = json.loads(run("deadline", "list", "--json", *at))
    assert all(rule["from"] <= "2027-02-01" for rule in rules)
    due = json.loads(run("deadline", "due", "clue.filing_decision", "--from", "2026-12-20", "--json", *at))
    assert due["calendar"].endswith("2027.1")


def test_a_node_does_not_start_on_a_bad_clock_or_calendar(config: Config) -> None:
    folder = config.keys.parent
    for name, text in (("offset", "soon"), ("../2027.yaml", "year: 2027")):
        path = folder / name
        good = path.read_text()
        path.write_text(text)
        command = [sys.executable, "-m", "node.cli.main", "run", "--node", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 2
        assert "cannot_start" in done.stderr
        path.write_text(good)


def test_a_backup_takes_the_calendars_along(running: Running, tmp_path: Path) -> None:
    run("backup", "--node", running.folder, "--out", tmp_path / "backup")
    run("restore", tmp_path / "backup", "--dir", tmp_path / "again")
    shown = json.loads(run("deadline", "calendar", "2027", "--json", "--node", tmp_path / "again"))
    assert shown["year"] == 2027


def _usage_days(file: Path) -> list[str]:
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as database:
        found = database.execute("SELECT DISTINCT at_ms FROM usage ORDER BY 1").fetchall()
    days = (datetime.fromtimestamp(at_ms / 1000, SHANGHAI).date().isoformat() for (at_ms,) in found)
    return list(dict.fromkeys(days))
