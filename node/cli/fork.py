"""`gongzhi check-fork`: the proof that a city signed two histories, checked offline."""

import json
import sys
from pathlib import Path

import click

from node.cli.shared.options import json_option
from node.core.log.fork import MAX_FORK_BYTES, parse_fork, verify_fork
from node.errors import FileError, NodeError, Reason
from node.folder.files import load_federation
from node.localized_click import echo, say
from node.messages import _


@click.command("check-fork")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--federation", type=click.Path(path_type=Path), required=True, help="Federation file that pins the keys."
)
@json_option
def check_fork(file: Path, federation: Path, as_json: bool) -> None:
    """Check offline, against pinned keys only, the fork proof in FILE: a city signed two histories of its log.

    Exit codes: 0 proven, 1 not proven, 2 not a fork proof.
    """
    fork = parse_fork(_read(file))
    member = load_federation(federation).member(fork.city)
    try:
        smaller, larger = verify_fork(fork, member.log_keys)
    except NodeError as error:
        echo(
            json.dumps({"proven": False, "reason": error.reason})
            if as_json
            else _("NOT PROVEN: {reason}: {message}", reason=error.reason, message=error.message)
        )
        sys.exit(1)
    if as_json:
        plain = {"proven": True, "city": fork.city, "smaller_size": smaller.size, "larger_size": larger.size}
        echo(json.dumps(plain, indent=2))
        return
    sizes = _("one of {smaller} records, one of {larger}", smaller=smaller.size, larger=larger.size)
    say("PROVEN: {city} signed two different histories of its log, {sizes}", city=fork.city, sizes=sizes)
    say("  at {size} records one has the root {root}", size=smaller.size, root=smaller.root.hex())
    say(
        "  the other does not continue it: its root at {size} records is {root}",
        size=larger.size,
        root=larger.root.hex(),
    )


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as source:
            return source.read(MAX_FORK_BYTES + 1)
    except OSError as error:
        raise FileError(
            Reason.INVALID_ARGUMENT, str(file), _("cannot be read: {problem}", problem=error.strerror)
        ) from None
