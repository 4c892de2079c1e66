"""The table of threats names tests that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_each_named_test_is_there() -> None:
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs/threats.md").read_text("utf-8")))
    sources = "\n".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    there = set(re.findall(r"def (test_\w+)", sources))
    assert named
    assert named - there == set()
