"""The wall clock of a running node is put back and forward by days: it pulls on, and neither works nor grows for it."""

import os
import resource
import shutil
import subprocess
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from node.demo.founding import found_federation
from node.storage.sqlite.reader import Reader
from tests.kit.nodes.processes import FAST, Running, batch
from tests.kit.waiting import eventually

DAY_S = 86_400
SHIFT = Path(__file__).with_name("shift.c")


def records_of_hefei(node: Running) -> int:
    found = Reader(node.config.node_db).find_origin("hefei")
    return found.size if found else 0


def has(node: Running, records: int) -> bool:
    return records_of_hefei(node) == records


def steps(node: Running) -> list[float]:
    """Seconds by which the node saw its clock set."""
    return [each["seconds"] for each in node.events() if each["event"] == "clock_stepped"]


def has_stepped(node: Running, times: int) -> bool:
    return len(steps(node)) == times


def used(node: Running) -> tuple[float, float]:
    """Seconds of processor and MiB of memory of the writing process."""
    [writer] = [
        pid for pid in node.children() if b"query" not in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    ]
    fields = Path(f"/proc/{writer}/stat").read_text().rpartition(") ")[2].split()
    pages = int(Path(f"/proc/{writer}/statm").read_text().split()[1])
    ticks = os.sysconf("SC_CLK_TCK")
    return (int(fields[11]) + int(fields[12])) / ticks, pages * resource.getpagesize() / 2**20


@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler for a clock that can be set")
def test_a_clock_that_is_set_stops_no_pull_and_costs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library, shift = tmp_path / "shift.so", tmp_path / "shift"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, SHIFT, "-ldl"], check=True)
    shift.write_text("0")
    hefei, wuhan = found_federation(tmp_path, datetime.now(UTC), ["hefei", "wuhan"], FAST)
    with Running(hefei) as origin:
        monkeypatch.setenv("SHIFT_FILE", str(shift))
        monkeypatch.setenv("LD_PRELOAD", str(library))
        with Running(wuhan) as node:
            monkeypatch.delenv("LD_PRELOAD")
            list(origin.submit(iter([batch(1)])))
            eventually(lambda: records_of_hefei(node) == 1)
            for number, days in ((2, -400), (3, 370), (4, 0)):
                cpu_s, mib = used(node)
                shift.write_text(str(days * DAY_S))
                eventually(partial(has_stepped, node, number - 1), timeout_s=10)
                list(origin.submit(iter([batch(number)])))
                eventually(partial(has, node, number), timeout_s=20)
                cpu_after_s, mib_after = used(node)
                assert cpu_after_s - cpu_s < 5
                assert mib_after - mib < 50
                [peer] = node.status().peers
                assert (peer.state, peer.lag_at_least) == ("ok", False)
                assert peer.lag_s < 20
            assert [round(each / DAY_S) for each in steps(node)] == [-400, 770, -370]
            origin.stop()
            eventually(lambda: node.status().peers[0].failures)
            shift.write_text(str(-2 * 3600))
            eventually(lambda: node.status().peers[0].lag_s >= 3)
