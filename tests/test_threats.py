"""Documents name tests that exist, and every threat names one."""

import re
from pathlib import Path

import pytest

from tests.kit.documents import DOCUMENTS, ROOT

THREATS = ROOT / "docs/threats.md"
NAMED = re.compile(r"`(test_\w+)`")


def names_of_tests() -> set[str]:
    """Names of functions and of files."""
    files = list((ROOT / "tests").rglob("test_*.py"))
    functions = re.findall(r"def (test_\w+)", "\n".join(path.read_text("utf-8") for path in files))
    return {*functions, *(path.stem for path in files)}


@pytest.fixture(scope="module")
def existing() -> set[str]:
    return names_of_tests()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: str(document.relative_to(ROOT)))
def test_each_named_test_is_there(document: Path, existing: set[str]) -> None:
    assert set(NAMED.findall(document.read_text("utf-8"))) - existing == set()


def test_every_threat_names_a_test() -> None:
    rows = re.findall(r"^\| (?!threat \|)(\w.*) \|$", THREATS.read_text("utf-8"), re.MULTILINE)
    assert rows
    assert [row for row in rows if not NAMED.search(row.rpartition(" | ")[2])] == []
