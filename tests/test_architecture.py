"""docs/architecture.md and every other guide name rooms, layers and classes that exist."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.kit.documents import DOCUMENTS, ROOT

ARCHITECTURE = ROOT / "docs/architecture.md"
TOP = "node|adapters|proto|policies|deploy|docs|tests"
PLACE = re.compile(rf"`((?:{TOP})/[^`\s:]*)`")
ANY_NAME = re.compile(r"<\w+>|\.\.\.")
CLASS = re.compile(r"`([A-Z][a-z]+[A-Za-z]*|[A-Z]{1,2}[a-z]+[A-Z]\w*)(?:\.\w+)?`")


def missing_places(text: str) -> list[str]:
    """Those of a text that the tree lacks; `<room>` and `...` stand for any name."""
    return [place for place in PLACE.findall(text) if not any(ROOT.glob(ANY_NAME.sub("*", place.rstrip("/"))))]


def classes_of_the_code() -> set[str]:
    sources = [path for top in ("node", "adapters") for path in (ROOT / top).rglob("*.py")]
    return {name for path in sources for name in re.findall(r"^class (\w+)", path.read_text("utf-8"), re.MULTILINE)}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: str(document.relative_to(ROOT)))
def test_every_place_that_a_document_names_exists(document: Path) -> None:
    assert missing_places(document.read_text("utf-8")) == []


def test_a_place_that_is_none_is_noticed() -> None:
    assert missing_places("`node/core/none/` `node/core/log/` `node/rpc/*_service.py`") == ["node/core/none/"]


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
