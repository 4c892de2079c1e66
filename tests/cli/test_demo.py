"""The demonstration with real processes: what it shows holds, and nothing of it is left behind."""

import base64
import json
import os
import signal
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from node.core.log.merkle import EMPTY_ROOT
from node.core.standards.identifiers import check_uscc
from node.demo.failure import DemoError
from node.demo.intake import Load
from node.demo.nodes import found_nodes
from node.demo.questions import NOBODY
from node.demo.sample import CITIES, write_sample
from tests.kit.nodes.leftovers import assert_nothing_left, processes
from tests.kit.waiting import eventually

WAIT_S = 120.0
ROOT = Path(__file__).parents[2]
GONGZHI = Path(sysconfig.get_path("scripts")) / "gongzhi"
BOM = b"\xef\xbb\xbf"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where the demonstration makes its temporary folder; empty again when it is over, with no process left."""
    folder = tmp_path / "place"
    folder.mkdir()
    return folder


def start(place: Path, *arguments: str | Path) -> subprocess.Popen[str]:
    environment = os.environ | {"TMPDIR": str(place)}
    return subprocess.Popen(
        [GONGZHI, "demo", *arguments], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def run(place: Path, *arguments: str | Path) -> tuple[int, str]:
    process = start(place, *arguments)
    output, _ = process.communicate(timeout=600)
    return process.returncode, output


def await_nodes(place: Path) -> None:
    """Waits until all nodes run: six supervisors with two processes each."""
    eventually(lambda: len(processes(place)) >= 18, timeout_s=WAIT_S)


def assert_agreed(result: dict[str, Any]) -> None:
    """Every peer has all of every log, under the one root."""
    cities = result["cities"]
    for city, each in cities.items():
        seen = [other["peers"][city] for name, other in cities.items() if name != city]
        assert len(each["peers"]) == len(seen) == 5
        assert {peer["tree_size"] for peer in seen} == {each["own"]}
        assert len({peer["root"] for peer in seen}) == 1
        assert all(peer["verified"] + peer["withheld"] == peer["tree_size"] for peer in seen)


def test_made_up_operators_are_exchanged_and_a_forgery_is_caught(place: Path, tmp_path: Path) -> None:
    code, output = run(place, "--rows", "300", "--json", tmp_path / "out.json")
    assert code == 0, output
    result = json.loads((tmp_path / "out.json").read_text("utf-8"))
    assert result["cities"].keys() == set(CITIES)
    assert result["tamper_detected"] is True
    assert result["seconds"] > 0
    assert all(each["own"] + each["rejected"] == 300 for each in result["cities"].values())
    assert sum(each["rejected"] for each in result["cities"].values()) > 0
    assert result["cities"]["taiyuan"]["peers"]["changsha"]["withheld"] > 0
    assert_agreed(result)
    for word in (
        "match",
        "mismatch (name)",
        "not_found",
        "check-proof, offline",
        "bad_commitment",
        "its payload is kept",
    ):
        assert word in output
    assert_nothing_left(place)


def test_files_as_they_come_through_make(place: Path, tmp_path: Path) -> None:
    folder = tmp_path / "a folder"
    folder.mkdir()
    rows = {"changsha": (40, 0.5), "wuhan": (30, 0.0), "zhengzhou": (1, 0.0), "hefei": (0, 0.0), "taiyuan": (20, 0.0)}
    for city in CITIES:
        count, bad = rows.get(city, (25, 0.1))
        with (folder / f"{city}.csv").open("w", encoding="gb18030" if city == "wuhan" else "utf-8") as file:
            write_sample(file, city, count, bad_share=bad, extra=city != "taiyuan")
    changsha = folder / "changsha.csv"
    changsha.write_bytes(BOM + changsha.read_bytes())
    environment = os.environ | {"TMPDIR": str(place), "PWD": str(tmp_path)}
    command = ["make", "-s", "-C", str(ROOT), "demo", "DATA=a folder", "JSON=out.json"]
    done = subprocess.run(
        command, check=False, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads((tmp_path / "out.json").read_text("utf-8"))
    cities = result["cities"]
    assert {city: cities[city]["own"] for city in ("wuhan", "zhengzhou", "hefei", "taiyuan")} == {
        "wuhan": 30, "zhengzhou": 1, "hefei": 0, "taiyuan": 20,
    }  # fmt: skip
    assert cities["changsha"]["own"] + cities["changsha"]["rejected"] == 40
    assert cities["changsha"]["rejected"] > 5
    assert base64.b64decode(cities["wuhan"]["peers"]["hefei"]["root"]) == EMPTY_ROOT
    assert_agreed(result)
    assert_nothing_left(place)


def test_what_cannot_be_used_is_said_before_anything_starts(place: Path, tmp_path: Path) -> None:
    for city in CITIES:
        (tmp_path / f"{city}.csv").write_text("企业名称\n")
    (tmp_path / "nanchang.csv").unlink()
    code, output = run(place, "--data", tmp_path)
    assert code == 2
    assert "nanchang.csv or nanchang.csv.xz" in output
    assert "changsha" not in output
    (tmp_path / "nanchang.csv").touch()
    assert "nanchang.csv" in run(place, "--data", tmp_path)[1]
    assert "is not a folder" in run(place, "--data", tmp_path / "nowhere")[1]
    assert "cannot be written" in run(place, "--json", tmp_path / "nowhere" / "out.json")[1]
    assert_nothing_left(place)


def test_a_table_that_lacks_columns_is_named_and_all_is_cleaned_up(place: Path, tmp_path: Path) -> None:
    for city in CITIES:
        (tmp_path / f"{city}.csv").write_text("企业名称\n某公司\n")
    code, output = run(place, "--data", tmp_path)
    assert code == 1
    assert ".csv could not be loaded" in output
    assert "统一社会信用代码" in output
    assert_nothing_left(place)


def test_broken_off_it_leaves_nothing_behind(place: Path) -> None:
    process = start(place)
    await_nodes(place)
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=WAIT_S)
    # Both may be there before either is looked at.
    assert process.returncode in (128 + signal.SIGTERM, 128 + signal.SIGINT), output
    assert_nothing_left(place)


def test_killed_it_takes_its_nodes_with_it(place: Path) -> None:
    process = start(place)
    await_nodes(place)
    process.kill()
    process.communicate(timeout=WAIT_S)
    eventually(lambda: not processes(place), timeout_s=WAIT_S)


def test_a_node_that_dies_is_shown_with_the_end_of_its_log(place: Path) -> None:
    process = start(place)
    await_nodes(place)
    os.kill(_supervisor(place, "hefei"), signal.SIGKILL)
    output, _ = process.communicate(timeout=WAIT_S)
    assert process.returncode == 1, output
    assert "the node of hefei ended (exit code -9)" in output
    assert '"city": "hefei"' in output or "its log is empty" in output
    assert_nothing_left(place)


def test_a_node_that_ended_is_the_cause_of_what_its_adapter_says(tmp_path: Path) -> None:
    """Which of the two is looked at first is chance."""
    file = tmp_path / "hefei.csv"
    with file.open("w", encoding="utf-8") as rows:
        write_sample(rows, "hefei", 3)
    node = next(each for each in found_nodes(tmp_path) if each.city == "hefei")
    load = Load(node, file, "load")
    with pytest.raises(DemoError, match="the node of hefei ended"):
        eventually(lambda: load.is_done, timeout_s=WAIT_S)


def _supervisor(place: Path, city: str) -> int:
    commands = {pid: Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0") for pid in processes(place)}
    return next(
        pid for pid, words in commands.items() if "--role" not in words and any(word.endswith(city) for word in words)
    )


def test_the_code_of_nobody_is_a_valid_one() -> None:
    assert check_uscc(NOBODY) == ()
