"""`gongzhi doctor`: looks at everything that an operator would look at, on a running or a stopped node."""

from collections.abc import Sequence
from pathlib import Path

import click
from rich.text import Text

from node.cli.shared.options import ask_passphrase, json_option, node_option, print_json
from node.cli.shared.tables import CellTable, print_table
from node.config import load_config
from node.core.finding import Finding
from node.core.reason_texts import Severity
from node.localized_click import lang_option
from node.messages import _, language, render
from node.usecases.upkeep.checks.run import CHECKS, Check, examine
from node.usecases.upkeep.checks.scene import Observer

EXIT_MUST = 3
SEVERITIES = {
    Severity.OK: _("ok"),
    Severity.INFO: _("info"),
    Severity.WARN: _("warn"),
    Severity.MUST: _("must"),
}
STYLES = {Severity.OK: "green", Severity.INFO: "", Severity.WARN: "yellow", Severity.MUST: "bold red"}

Examined = Sequence[tuple[Check, list[Finding]]]


@click.command()
@lang_option
@json_option
@node_option
def doctor(as_json: bool, node_dir: Path) -> None:
    """Check the node, running or stopped, and say what must be done.

    Checks keys against the card, expiry of certificates (30 days), file modes, configuration files, calendar,
    clock, logs, peers and schedule, witnesses, backup, disk, databases page by page, and ports. `gongzhi status`
    shows the same findings as alerts, /metrics as gongzhi_alert; docs/errors.md explains each code.

    Exit codes: 0 nothing must be done, 3 something must be done, 2 an error.
    """
    scene = Observer(load_config(node_dir), ask_passphrase).scene()
    examined = [(check, examine(check, scene)) for check in CHECKS]
    if as_json:
        rows = [as_row(each, check.name) for check, findings in examined for each in findings]
        checks = [check.name for check, _ in examined]
        print_json({"checks": checks, "findings": rows})
    else:
        _print(examined)
    if any(each.severity is Severity.MUST for _, findings in examined for each in findings):
        raise SystemExit(EXIT_MUST)


def as_row(finding: Finding, check: str) -> dict[str, str]:
    """A finding as JSON."""
    return {
        "check": check,
        "code": finding.code.value,
        "severity": finding.severity.value,
        "city": finding.city,
        "text": finding.text("en"),
        "text_zh": finding.text("zh"),
        "advice": finding.advice("en"),
        "advice_zh": finding.advice("zh"),
    }


def _print(examined: Examined) -> None:
    lang = language()
    table = CellTable(_("check"), _("result"), _("code"), _("finding"), _("what to do"))
    for check, findings in examined:
        label = check.label_zh if lang == "zh" else check.name
        if not findings:
            table.add_row(label, _severity(Severity.OK), "", _("all well"), "")
        for each in findings:
            table.add_row(label, _severity(each.severity), each.code.value, each.text(lang), each.advice(lang))
    print_table(table)


def _severity(severity: Severity) -> Text:
    return Text(render(SEVERITIES[severity]), STYLES[severity])
