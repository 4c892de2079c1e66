"""`gongzhi`: every command of a city's operator."""

import json
import os
import re
import sys
import traceback
from importlib import import_module
from importlib.util import find_spec
from typing import NoReturn

import click

from node.cli.shared.noted import note_acts
from node.core.reason_texts import error_object, meaning_and_advice
from node.errors import NodeError, Reason
from node.localized_click import LocalizedGroup, asks_for_json, echo, former_name, lang_option, localized
from node.messages import _

EXIT_ERROR = 2
_SURROGATE = re.compile("[\ud800-\udfff]")
# Each command and the module of `node.cli` that it stands in, imported when it is asked for: a node starts with what a
# node needs.
_COMMANDS = {
    "audit": "proof",
    "backup": "backup",
    "case": "case",
    "check-fork": "fork",
    "check-proof": "proof",
    "client": "client",
    "complaint": "complaint",
    "config": "config",
    "deadline": "deadline",
    "deadlines": "inbox",
    "doctor": "doctor",
    "errors": "errors",
    "evidence": "evidence",
    "federation": "federation",
    "health": "status",
    "inbox": "inbox",
    "init": "init",
    "key": "key",
    "load": "load",
    "officer": "officer",
    "operator": "operator",
    "outbox": "inbox",
    "peer": "peer",
    "policy": "policy",
    "prove": "proof",
    "records": "records",
    "restore": "backup",
    "retract": "retract",
    "run": "run",
    "scorecard": "inbox",
    "screen": "screen",
    "standard": "standard",
    "status": "status",
    "sync": "sync",
    "trail": "trail",
    "usage": "usage",
    "workflow": "workflow",
}
if find_spec("node.demo") is not None:  # a city need not install the demonstrations
    _COMMANDS |= {"demo": "demo", "story": "story"}

# Former names and their successors (`former_name`).
_FORMER = {"clock": "deadline"}


class _Commands(LocalizedGroup):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - as click calls it
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as click calls it
        name = _FORMER.get(cmd_name, cmd_name)
        module = _COMMANDS.get(name)
        if module is None:
            return None
        command: click.Command = note_acts(getattr(import_module(f"node.cli.{module}"), name.replace("-", "_")), name)
        return localized(command if name == cmd_name else former_name(command, name))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand:
            raise click.NoSuchCommand(args[0], possibilities=_COMMANDS, ctx=ctx) from None


@click.group(cls=_Commands)
@lang_option
@click.version_option(package_name="gongzhi")
def gongzhi() -> None:
    """共织: a city's node in the federation that polices online trade together.

    \b
    First hour:   init, federation card, federation add, policy check, run
    Every day:    status, doctor, operator verify, operator search, records list, load list, retract, sync
    Cases:        officer add, case open, case draft, case approve, inbox, deadlines
    Proofs:       prove, check-proof, check-fork, audit
    Evidence:     evidence put, evidence get, complaint evidence pack, evidence verify
    Safety:       backup, restore, peer release, peer forget, key rotate, config check, trail list
    Audit:        usage list, usage export

    Run a command with --help for details. Exit codes: 0 done, 1 the answer is no, 2 an error,
    3 something needs attention (status, doctor, screen).

    With --json the last line of standard error is a JSON object where an error ends the command: code, message,
    message_zh, advice, advice_zh.
    """  # noqa: D301


def main() -> None:
    """Runs the command line; an error becomes its message, what to do about it, and exit code 2."""
    try:
        gongzhi()
    except NodeError as error:
        _fail(error)
    except Exception as error:
        if "run" in sys.argv[1:2] and "--role" in sys.argv:
            raise  # a process of the node: its supervisor tells "cannot start" from "died"
        if os.environ.get("GONGZHI_DEBUG") == "1":
            traceback.print_exc()
        # Exit code 1 would read as an answer.
        _fail(_classified(error))


def _fail(error: NodeError) -> NoReturn:
    if asks_for_json():
        echo(json.dumps(error_object(error), ensure_ascii=False), err=True)
    else:
        echo(_("gongzhi: {reason}: {message}", reason=error.reason, message=error.message), err=True)
        echo(meaning_and_advice(error.reason), err=True)
    sys.exit(EXIT_ERROR)


def _classified(error: Exception) -> NodeError:
    if isinstance(error, OSError) and error.filename is not None:
        return NodeError(Reason.INVALID_ARGUMENT, _("{file}: {problem}", file=error.filename, problem=error.strerror))
    # Python takes in bytes that are no text as surrogates, which is well for a file's name and for nothing else.
    if isinstance(error, UnicodeEncodeError) and _SURROGATE.search("".join(sys.argv)):
        encoding = sys.getfilesystemencoding()
        text = _("an argument is not in the encoding of this terminal ({encoding}); UTF-8 is best", encoding=encoding)
        return NodeError(Reason.INVALID_ARGUMENT, text)
    return NodeError(Reason.INTERNAL, type(error).__name__)  # its text may hold what was asked


if __name__ == "__main__":
    main()
