"""The clock of a node: the machine's, or one that a file shifts while the node runs."""

import time
from pathlib import Path

import pytest

from node.config import load_config
from node.errors import FileError, Reason
from node.folder.clock import ShiftedClock, SystemClock, node_clock
from tests.kit.waiting import eventually


def ahead_s(clock: SystemClock) -> int:
    return round((clock.now_ms() - time.time() * 1000) / 1000)


def test_without_the_key_it_is_the_machines_clock(tmp_path: Path) -> None:
    (tmp_path / "node.yaml").write_text("city: wuhan\n")
    clock = node_clock(load_config(tmp_path))
    assert type(clock) is SystemClock
    assert ahead_s(clock) == 0


def test_the_file_is_followed_while_it_runs(tmp_path: Path) -> None:
    (tmp_path / "node.yaml").write_text("city: wuhan\nclock: {offset_file: offset}\n")
    told: list[float] = []
    clock = node_clock(load_config(tmp_path), told.append)
    assert isinstance(clock, ShiftedClock)
    assert ahead_s(clock) == 0  # the file is missing
    for text, seconds in (("31536000\n", 31_536_000), ("-7.2e+03", -7200)):
        (tmp_path / "offset").write_text(text)
        eventually(lambda seconds=seconds: clock.offset_s == seconds, timeout_s=5)  # type: ignore[misc]
        assert ahead_s(clock) == seconds
    (tmp_path / "offset").write_text("tomorrow")
    time.sleep(0.5)
    assert ahead_s(clock) == -7200
    (tmp_path / "offset").unlink()
    eventually(lambda: clock.offset_s == 0, timeout_s=5)
    assert told == [0, 31_536_000, -7200, 0]


@pytest.mark.parametrize("text", ["", "nan", "inf", "1 h", "99999999999999"])
def test_what_is_no_number_of_seconds_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "offset").write_text(text)
    with pytest.raises(FileError, match="number of seconds") as caught:
        ShiftedClock(tmp_path / "offset")
    assert caught.value.reason is Reason.INVALID_CONFIG
