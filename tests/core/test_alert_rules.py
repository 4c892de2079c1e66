"""deploy/compose/monitoring/alerts.yml has a rule for every finding that is more than to know."""

from pathlib import Path

import yaml

from node.core.alert_rules import alert_rules
from node.core.finding import Code, new_finding
from node.core.reason_texts import Severity

RULES = Path(__file__).parents[2] / "deploy" / "compose" / "monitoring" / "alerts.yml"


def test_the_rules_are_not_out_of_date() -> None:
    """After a change: gongzhi errors rules > deploy/compose/monitoring/alerts.yml."""
    assert RULES.read_text("utf-8") == alert_rules()


def test_every_alert_has_a_rule() -> None:
    [group] = yaml.safe_load(RULES.read_text("utf-8"))["groups"]
    watched = {rule["expr"] for rule in group["rules"]}
    for code in Code:
        if new_finding(code).severity is not Severity.INFO:
            assert f'gongzhi_alert{{code="{code}"}} > 0' in watched
