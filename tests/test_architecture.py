"""docs/architecture.md and every other guide name rooms, modules, layers and classes that exist."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.kit.documents import DOCUMENTS, ROOT

ARCHITECTURE = ROOT / "docs/architecture.md"
TOP = "node|adapters|proto|policies|deploy|docs|tests"
ANY_NAME = re.compile(r"<\w+>|\.\.\.")
PLACE = re.compile(rf"(?<![\w/.-])(?:{TOP})/(?:[\w./*-]|{ANY_NAME.pattern})*", re.ASCII)
MODULE = re.compile(r"(?:from|import|-m) ((?:node|adapters|tests)(?:\.\w+)+)")
CLASS = re.compile(r"`([A-Z][a-z]+[A-Za-z]*|[A-Z]{1,2}[a-z]+[A-Z]\w*)(?:\.\w+)?`")


def missing_places(text: str) -> list[str]:
    """Files and folders of a text that the tree lacks; `<room>` and `...` stand for any name.

    What git ignores is made where the reader works, so it need not be there.
    """
    places = {place.rstrip("./") for place in PLACE.findall(text)}
    missing = sorted(place for place in places if not any(ROOT.glob(ANY_NAME.sub("*", place))))
    ignored = subprocess.run(
        ["git", "-C", ROOT, "check-ignore", "--stdin"],
        input="\n".join(missing),
        capture_output=True,
        text=True,
        check=False,
    ).stdout.splitlines()
    return [place for place in missing if place not in ignored]


def missing_modules(text: str) -> list[str]:
    """Modules that a text imports or runs and the tree lacks."""
    files = {name: ROOT / name.replace(".", "/") for name in MODULE.findall(text)}
    return [name for name, file in files.items() if not file.is_dir() and not file.with_suffix(".py").is_file()]


def classes_of_the_code() -> set[str]:
    sources = [path for top in ("node", "adapters") for path in (ROOT / top).rglob("*.py")]
    return {name for path in sources for name in re.findall(r"^class (\w+)", path.read_text("utf-8"), re.MULTILINE)}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: str(document.relative_to(ROOT)))
def test_every_place_that_a_document_names_exists(document: Path) -> None:
    assert missing_places(document.read_text("utf-8")) == []


def test_a_place_that_is_none_is_noticed() -> None:
    text = "`node/core/none/` `node/core/log/` `node/rpc/*_service.py`\n```\nbash deploy/none.sh\n```"
    assert missing_places(text) == ["deploy/none.sh", "node/core/none"]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: str(document.relative_to(ROOT)))
def test_every_module_that_a_document_runs_exists(document: Path) -> None:
    assert missing_modules(document.read_text("utf-8")) == []


def test_a_module_that_is_none_is_noticed() -> None:
    assert missing_modules("python -m tests.none\nfrom node.client import NodeClient\n") == ["tests.none"]


def test_the_page_shows_every_layer() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    [layers] = [contract["layers"] for contract in contracts if contract["name"] == "Dependencies point one way"]
    picture = ARCHITECTURE.read_text("utf-8").split("## Layers")[1].split("## Rooms")[0]
    named = re.findall(r"node\.(\w+)", picture)
    assert {name for layer in layers for name in re.findall(r"\w+", layer)} - set(named) == set()
    order = [min(named.index(name) for name in re.findall(r"\w+", layer)) for layer in layers]
    assert order == sorted(order)


def test_the_page_shows_every_room() -> None:
    text = ARCHITECTURE.read_text("utf-8").split("## Rooms")[1].split("## Processes")[0]
    rooms = {path.parent for top in ("core", "usecases") for path in (ROOT / "node" / top).glob("*/__init__.py")}
    assert [str(room.relative_to(ROOT)) for room in rooms if f"`{room.relative_to(ROOT)}/`" not in text] == []


def test_the_page_names_classes_that_exist() -> None:
    named = set(CLASS.findall(ARCHITECTURE.read_text("utf-8")))
    assert "TrustedLog" in named
    assert named - classes_of_the_code() == set()
