"""`gongzhi check-fork`: evidence that a city signed two histories, checked offline."""

import json
import sys
from pathlib import Path

import click

from node.cli.shared.options import json_option
from node.core.log.fork import MAX_FORK_BYTES, parse_fork, verify_fork
from node.errors import FileError, NodeError, Reason
from node.folder.files import load_federation


@click.command("check-fork")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--federation", type=click.Path(path_type=Path), required=True, help="File that pins the keys.")
@json_option
def check_fork(file: Path, federation: Path, as_json: bool) -> None:
    """Check the evidence in FILE that a city signed two histories of its log, offline, against pinned keys alone.

    Exit codes: 0 proven, 1 nothing proven, 2 not such a file.
    """
    fork = parse_fork(_read(file))
    member = load_federation(federation).member(fork.city)
    try:
        smaller, larger = verify_fork(fork, member.log_keys)
    except NodeError as error:
        click.echo(json.dumps({"proven": False, "reason": error.reason}) if as_json else f"NOTHING PROVEN: {error}")
        sys.exit(1)
    if as_json:
        plain = {"proven": True, "city": fork.city, "smaller_size": smaller.size, "larger_size": larger.size}
        click.echo(json.dumps(plain, indent=2))
        return
    sizes = f"one of {smaller.size} records, one of {larger.size}"
    click.echo(f"PROVEN: {fork.city} signed two histories of its log, {sizes}")
    click.echo(f"  at {smaller.size} records the one has root {smaller.root.hex()}")
    click.echo(f"  and the other is no continuation of it: its root at {larger.size} is {larger.root.hex()}")


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as source:
            return source.read(MAX_FORK_BYTES + 1)
    except OSError as error:
        raise FileError(Reason.INVALID_ARGUMENT, str(file), f"cannot be read: {error.strerror}") from None
