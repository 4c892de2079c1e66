"""The first hour of the README, command by command as it stands there, against a second city that really runs."""

import os
import subprocess
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from node.demo.sample import COLUMNS, write_sample
from tests.kit.documents import BLOCK, is_command
from tests.kit.nodes.ports import five_ports

README = Path(__file__).parents[2] / "README.md"
SCRIPTS = sysconfig.get_path("scripts")
ASKED = ("武汉某某商贸有限公司", "91420100MA00TEXT0W")
TIMEOUT_S = 120


def first_hour() -> list[str]:
    section = README.read_text("utf-8").split("## A city's first hour")[1].split("\n## ")[0]
    return [line for block in BLOCK.findall(section) for line in block.splitlines() if is_command(line)]


class City:
    """A shell in a folder, with the node's folder in GONGZHI_NODE."""

    def __init__(self, folder: Path, city: str) -> None:
        self.folder = folder
        self.environment = os.environ | {"GONGZHI_NODE": city, "PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}"}

    def type(self, line: str) -> str:
        done = subprocess.run(
            line, shell=True, check=False, cwd=self.folder, env=self.environment, input="y\n",
            capture_output=True, text=True, timeout=TIMEOUT_S,
        )  # fmt: skip
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        return done.stdout

    @contextmanager
    def running(self) -> Iterator[None]:
        log = (self.folder / f"{self.environment['GONGZHI_NODE']}.log").open("wb")
        with log, subprocess.Popen(["gongzhi", "run"], cwd=self.folder, env=self.environment, stderr=log) as node:
            try:
                yield
            finally:
                node.terminate()


@pytest.fixture
def wuhan(tmp_path: Path) -> Iterator[City]:
    """Wuhan's node, running, with the operator that the README asks about."""
    city = City(tmp_path, "wuhan")
    city.type(f"gongzhi init --city wuhan --dir wuhan --port {five_ports()}")
    city.type("gongzhi federation card > wuhan.card.yaml")
    row = dict.fromkeys(COLUMNS, "N/A") | dict(zip(COLUMNS[:2], ASKED, strict=True))
    (tmp_path / "wuhan.csv").write_text(f"{','.join(COLUMNS)}\n{','.join(row.values())}\n", "utf-8")
    with city.running():
        city.type("gongzhi status --wait 60")
        city.type("gongzhi-adapter load wuhan.csv --mapping registry --identity wuhan/officer")
        yield city


def test_the_first_hour_goes_as_the_readme_says(tmp_path: Path, wuhan: City) -> None:
    changsha = City(tmp_path, "changsha")
    with (tmp_path / "operators.csv").open("w", encoding="utf-8") as file:
        write_sample(file, "changsha", 200)
    lines = first_hour()
    start = lines.index("gongzhi run")
    for line in lines[:start]:
        changsha.type(line + (f" --port {five_ports()}" if " init " in line else ""))
    wuhan.type("gongzhi federation add changsha.card.yaml --yes")
    with changsha.running():
        said = [changsha.type(line) for line in lines[start + 1 :]]
    assert any("match" in text and "wuhan-0" in text for text in said)
    assert any("PROVEN: wuhan-0" in text for text in said)
