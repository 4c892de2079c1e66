"""The story with real processes: it holds, nothing of it is left behind, and it fails where a city sees too much."""

import json
import os
import sqlite3
import subprocess
import sysconfig
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from node.core.log.run import StoredRun
from node.demo.nodes import running
from node.demo.story.chapters import CHAPTERS
from node.demo.story.stage import Stage, found_stage
from node.demo.story.verdict import Verdict, judge
from node.folder.founding import CAPITALS, shipped_policy
from node.storage.sqlite.reader import Reader
from node.storage.sqlite.runs import put_run
from tests.kit.nodes.leftovers import assert_nothing_left

GONGZHI = Path(sysconfig.get_path("scripts")) / "gongzhi"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What the whole story wrote down."""
    folder = tmp_path_factory.mktemp("story")
    place = folder / "place"
    place.mkdir()
    command: list[str | Path] = [GONGZHI, "story", "--json", folder / "story.json"]
    environment = os.environ | {"TMPDIR": str(place)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=800, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert_nothing_left(place)
    return json.loads((folder / "story.json").read_text())


def steps_of(told: dict[str, Any], case: str) -> dict[str, dict[str, Any]]:
    return {step["act"]: step for step in told["steps"] if step["case"] == told["cases"][case]}


def test_every_step_is_recorded_under_a_checked_signature(told: dict[str, Any]) -> None:
    assert told["holds"]
    assert not told["found"]
    recorded = [step for step in told["steps"] if step["record"]]
    assert len(recorded) > 50
    for step in recorded:
        assert step["signed"]["tree_size"] > int(step["record"].rpartition("-")[2])
        assert step["city"] in step["seen_by"]
    assert {step["chapter"] for step in told["steps"]} == {chapter.title for chapter in CHAPTERS}


def test_who_saw_what(told: dict[str, Any]) -> None:
    complaint, referral = steps_of(told, "complaint"), steps_of(told, "referral")
    assert all(list(step["seen_by"]) == ["changsha"] for step in complaint.values())
    assert complaint["open_settlement"]["seen_by"]["changsha"] == ["regulator", "personal", "identity"]
    assert list(referral["draft"]["seen_by"]) == ["changsha"]
    assert {city for step in referral.values() for city in step["seen_by"]} == {"changsha", "hefei"}
    assert set(steps_of(told, "alert")["withdraw"]["seen_by"]) == set(CAPITALS)
    assert steps_of(told, "listing")["unpublish"]["state"] == "early_removed"
    measure = steps_of(told, "measure")
    assert {city for step in measure.values() for city in step["seen_by"]} == {"hefei", "wuhan"}
    assert (measure["ack"]["by"], measure["ack"]["city"]) == ("云播", "wuhan")
    penalty = next(step for step in told["steps"] if step["act"] == "record")
    assert set(penalty["seen_by"]) == set(CAPITALS)
    assert told["held"]["complaint"] == {}
    for name, secret in told["secrets"].items():
        assert set(secret["found_in"]) == set(secret["may_know"]), name


def test_limits_are_counted_by_the_law(told: dict[str, Any]) -> None:
    due = {(clock["rule"], clock["due"]) for step in told["steps"] for clock in step["clocks"]}
    assert {
        ("complaint.settlement", "2026-05-19"),
        ("complaint.acceptance", "2026-05-25"),
        ("clue.filing_decision", "2026-06-09"),
        ("jurisdiction.negotiation", "2026-06-01"),
        ("listing.serious.push", "2026-08-14"),
        ("credit.repair.acceptance", "2027-08-04"),
    } <= due
    assert steps_of(told, "measure")["expire"]["day"] == "2027-08-02"
    met = {clock["rule"] for step in told["steps"] for clock in step["clocks"] if clock["state"] == "met"}
    assert {rule for rule, _ in due} - met == {"listing.serious.early_removal"}


def test_it_finds_what_a_city_may_not_see(tmp_path: Path) -> None:
    """One leak by a rule that nobody agreed on, through the exchange itself; and one past it, in a store."""
    rule = "  - {id: too-much, share: operator.registration, with: [taiyuan], purpose: verification"
    rule += ", facets: [regulator]}\n"
    policy = shipped_policy("nanchang").replace("rules:\n", f"rules:\n{rule}", 1)
    stage = found_stage(tmp_path, {"nanchang": policy})
    verdict = played(stage)
    found = "\n".join(verdict.violations)
    assert not verdict.holds
    assert "denied: taiyuan holds regulator of nanchang-0 (operator.registration), for all" in found
    assert "denied: the actual address of the seller is in taiyuan's" in found
    complaint = stage.cases["complaint"]
    assert f"exposed: wuhan on changsha: {complaint} is held, and should be a hash" in found
    assert f"denied: wuhan holds identity, personal, regulator of {complaint} (complaint), for changsha" in found
    assert "denied: the complainant's name is in wuhan's data/node.db" in found
    assert len({line for line in verdict.violations if "hefei" in line.split(":")[1]}) == 0


def played(stage: Stage) -> Verdict:
    with running(stage.nodes) as start, stage:
        start()
        stage.take_in()
        CHAPTERS[0].play(stage.begin_chapter(CHAPTERS[0].title, Console(quiet=True)))
        stage.end_chapter()
        plant(stage)
        return judge(stage)


def plant(stage: Stage) -> None:
    """Puts Changsha's complaint, whole, where Wuhan keeps its hash."""
    stage.sync()
    stored = stage.logs.stored(stage.cases["complaint"])
    wuhan = next(node for node in stage.nodes if node.city == "wuhan")
    origin = Reader(wuhan.config.node_db).origin("changsha")
    with closing(sqlite3.connect(wuhan.config.node_db, timeout=30)) as database, database:
        run = StoredRun(stored.record.index, stored.record.leaf_hash, stored.record.run().SerializeToString())
        put_run(database, origin.number, run, stored.header.standard)
