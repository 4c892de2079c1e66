"""`gongzhi config`: what node.yaml says, and whether it is right."""

import json
from pathlib import Path
from typing import Any

import click

from node.cli.shared.options import json_option, node_option, print_json
from node.cli.shared.tables import CellTable, print_table
from node.config import Config, load_config, read_settings
from node.core.document import Document, model_errors
from node.errors import Reason
from node.folder.config_text import Setting, config_page, flat, settings
from node.localized_click import echo, say
from node.messages import _, both


@click.group()
def config() -> None:
    """Show and check node.yaml; docs/config.md lists every setting."""


@config.command()
@click.option("--effective", is_flag=True, help="All settings with the values in force, not only those in the file.")
@json_option
@node_option
def show(effective: bool, as_json: bool, node_dir: Path) -> None:
    """Show what node.yaml sets, or with --effective every setting."""
    document, _config = read_settings(node_dir)
    in_force = load_config(node_dir)
    shown = [each for each in flat(settings()) if effective or _is_set(document, each)]
    if as_json:
        print_json({each.name: _value(in_force, each) for each in shown})
        return
    table = CellTable(_("setting"), _("value"), _("set in"), _("purpose"))
    for each in shown:
        where = f"node.yaml:{document.summary_of(each.path)}" if _is_set(document, each) else _("default")
        value = _value(in_force, each)
        text = "" if value in (None, []) else json.dumps(value, ensure_ascii=False).strip('"')
        table.add_row(each.name, text, where, both(each.says.en, each.says.zh))
    print_table(table)


@config.command()
@node_option
def check(node_dir: Path) -> None:
    """Check node.yaml and print every wrong line, with the problem and the likely intention.

    Exit codes: 0 correct, 1 wrong, 2 cannot be read.
    """
    document, _config = read_settings(node_dir)
    errors = model_errors(document, Config, Reason.INVALID_CONFIG)
    for error in errors:
        echo(error.message)
    if errors:
        raise SystemExit(1)
    say("{path}: correct", path=document.path)


@config.command()
def page() -> None:
    """Print docs/config.md."""
    echo(config_page(), nl=False)


def _is_set(document: Document, setting: Setting) -> bool:
    return setting.path in document.lines


def _value(in_force: Config, setting: Setting) -> Any:
    plain: Any = in_force.model_dump(mode="json")
    for name in setting.path:
        plain = plain[name] if plain is not None else None
    return plain
