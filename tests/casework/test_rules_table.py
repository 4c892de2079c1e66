"""The table of rules is where a refusal begins: nothing else refuses an act, and docs/act-rules.md is made from it."""

import re
from pathlib import Path

from node.cli.main import gongzhi
from node.core.workflow.declared import WORKFLOWS
from node.usecases.casework.rules.table import RULES
from tests.kit.commands import invoke

ROOT = Path(__file__).parents[2]
ROOM = ROOT / "node" / "usecases" / "casework" / "rules"


def test_the_page_is_made_from_the_table() -> None:
    made = invoke(gongzhi, "workflow", "rules")
    page = ROOT / "docs" / "act-rules.md"
    assert made.output == page.read_text(encoding="utf-8"), "run: gongzhi workflow rules > docs/act-rules.md"


def test_every_rule_has_a_name_of_its_own_and_workflows_that_exist() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert {name for rule in RULES for name in rule.workflows} <= WORKFLOWS.keys()


def test_every_check_of_the_room_stands_in_the_table_once() -> None:
    check = re.compile(r"^def (\w+)\(\w+: Knowledge, \w+: Candidate\)", re.M)
    checks = [name for path in ROOM.glob("*.py") for name in check.findall(path.read_text("utf-8"))]
    assert sorted(checks) == sorted(rule.check.__name__ for rule in RULES)


def test_nothing_else_breaks_an_act() -> None:
    """A `Broken` is made by the declarations' rules and by this room alone."""
    home = {ROOT / "node" / "core" / "workflow" / "rules.py", *ROOM.glob("*.py")}
    makers = {path for path in (ROOT / "node").rglob("*.py") if re.search(r"\bBroken\(", path.read_text("utf-8"))}
    assert makers <= home
