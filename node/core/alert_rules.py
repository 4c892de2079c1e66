"""Prometheus rules for a node's metrics: deploy/compose/monitoring/alerts.yml is made of them."""

from collections.abc import Iterator

from node.core.document import format_document
from node.core.reason_texts import Severity, texts

_HEAD = """\
# Made by `gongzhi errors rules`; do not edit. `node` is the node that sees it, `city` whom it is about.
# The gongzhi_... rules say what `gongzhi doctor` finds; docs/errors.md explains each.
"""
_WHERE = "{{ $labels.node }} {{ $labels.city }}"


def alert_rules() -> str:
    """A rule for each finding that is more than to know, after those that need a history."""
    rules = [
        _rule("NodeDown", 'up{job="gongzhi"} == 0', "2m", "the node does not answer"),
        _rule("PeerLags", "min_over_time(gongzhi_lag_records[30m]) > 0", "0m", "records not had for half an hour"),
        _rule(
            "UsageRecordsWait",
            "min_over_time(gongzhi_usage_records_waiting[10m]) > 0",
            "0m",
            "usage records are not being written; is the disk full?",
        ),
        *_findings(),
    ]
    return _HEAD + format_document({"groups": [{"name": "gongzhi", "rules": rules}]})


def _findings() -> Iterator[dict[str, object]]:
    for code, text in texts().findings.items():
        if text.severity is not Severity.INFO:
            advice = f"{code}: {text.zh_do} {text.en_do}"
            yield _rule(code.title().replace("_", ""), f'gongzhi_alert{{code="{code}"}} > 0', "2m", advice) | {
                "labels": {"severity": text.severity.value}
            }


def _rule(name: str, expression: str, lasts: str, summary: str) -> dict[str, object]:
    return {"alert": name, "expr": expression, "for": lasts, "annotations": {"summary": f"{_WHERE}: {summary}"}}
