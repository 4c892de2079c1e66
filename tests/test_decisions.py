"""Every decision states its status, its date and its alternatives, and the index lists it."""

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "docs/decisions"
DECISIONS = sorted(FOLDER.glob("[0-9]*.md"))
FORM = re.compile(
    r"# (?P<number>\d{4}) (?P<title>.+)\n\n"
    r"Status: (?P<status>accepted|superseded by \d{4})\. Date: (?P<date>\d{4}-\d\d-\d\d)\.\n\n"
    r"(?s:.+)\n## Alternatives\n\n- (?s:.+)"
)


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda decision: decision.name)
def test_each_decision_has_its_form_and_its_row(decision: Path) -> None:
    form = FORM.fullmatch(decision.read_text("utf-8"))
    assert form, "# NNNN title, Status and Date, text, Alternatives"
    assert decision.name.startswith(f"{form['number']}-")
    row = f"| [{form['number']}]({decision.name}) | {form['title']} | {form['status']} | {form['date']} |"
    assert row in (FOLDER / "README.md").read_text("utf-8").splitlines()


def test_no_number_is_used_twice() -> None:
    numbers = [decision.name[:4] for decision in DECISIONS]
    assert len(numbers) == len(set(numbers)) > 20
