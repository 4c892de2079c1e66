"""What several commands share: which node, and its passphrase."""

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from node.cli.shared.tables import wide_option
from node.folder.keyfile import environment_passphrase
from node.folder.service import default_folder
from node.localized_click import echo
from node.messages import _, render

_Command = TypeVar("_Command", bound=Callable[..., Any])

node_option = click.option(
    "--node",
    "node_dir",
    type=click.Path(path_type=Path, readable=False),  # who may not read it is told by `load_config` what to do
    envvar="GONGZHI_NODE",
    default=default_folder,
    show_default="the current folder, else the only node in /etc/gongzhi",
    help="Folder of the node (or GONGZHI_NODE).",
)

passphrase_option = click.option(
    "--passphrase",
    is_flag=True,
    help="Seal the new key with a passphrase (from GONGZHI_PASSPHRASE, else prompted for).",
)


@functools.cache
def ask_passphrase() -> bytes:
    """The passphrase of a sealed key: GONGZHI_PASSPHRASE, else asked for once."""
    return environment_passphrase() or click.prompt(render(_("Passphrase")), hide_input=True, err=True).encode()


def new_passphrase(wanted: bool) -> bytes | None:
    """The passphrase to seal new keys with, if one is wanted: GONGZHI_PASSPHRASE, else asked for twice."""
    if not wanted:
        return None
    given = environment_passphrase()
    return (
        given or click.prompt(render(_("New passphrase")), hide_input=True, confirmation_prompt=True, err=True).encode()
    )


def json_option(command: _Command) -> _Command:
    """For programs, or as a table however wide."""
    wants_json = click.option(
        "--json",
        "as_json",
        is_flag=True,
        help="Print JSON; an error is a JSON object, the last line of standard error.",
    )
    return wants_json(wide_option(command))


def json_text(value: Any) -> str:
    """Plain data for programs."""
    return json.dumps(value, ensure_ascii=False, indent=2)


def print_json(value: Any) -> None:
    """Prints plain data for programs."""
    echo(json_text(value))
