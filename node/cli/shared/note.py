"""Notes an act of administration in the trail of the node it is done to: before it begins, and how it ended.

An act whose beginning has no row with a result after it was cut off: it may be done.
"""

import os
import pwd
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import click

from node.config import load_config
from node.errors import NodeError
from node.localized_click import echo
from node.messages import _
from node.storage.sqlite.trail import Act, Trail

_MAY_GO_ON = frozenset({"backup", "restore", "run"})
"""What a disk that can no more be written must not stop; `run` says itself what is wrong with it."""

_MAKES_ITS_TRAIL = frozenset({"init", "restore"})
"""What may make the node: there is no trail before it ends."""

_MAX_ABOUT = 400


def noted(what: str, subjects: Sequence[str], callback: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
    """Notes that the act begins, does it, and notes its result.

    Args:
        what: The command.
        subjects: The arguments that say what it is done to.
        callback: Does it.
        arguments: Of the command.

    Raises:
        NodeError: As the command; or the trail cannot be written, and nothing was done.
    """

    def note(result: str) -> Act:
        about = " ".join(_words(arguments[name]) for name in subjects if arguments.get(name))
        return Act(time.time_ns() // 1_000_000, _who(), _where(), f"gongzhi {what}", about[:_MAX_ABOUT], result)

    trail = _open(what, arguments)
    if trail is None:
        done = callback(**arguments)
        if what in _MAKES_ITS_TRAIL and (trail := _open(what, arguments)) is not None:
            with closing(trail):
                _add_result(trail, note("done"))
        return done
    with closing(trail):
        try:
            trail.add(note("begun"))
        except NodeError:
            if what not in _MAY_GO_ON:
                raise
        return _do(trail, note, callback, arguments)


def _do(trail: Trail, note: Callable[[str], Act], callback: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
    result = "done"
    try:
        return callback(**arguments)
    except NodeError as error:
        result = error.reason.value
        raise
    except SystemExit as ended:
        result = f"exit {ended.code}"
        raise
    except click.ClickException as refused:
        result = f"exit {refused.exit_code}"
        raise
    except BaseException as error:
        result = type(error).__name__
        raise
    finally:
        _add_result(trail, note(result))


def _add_result(trail: Trail, act: Act) -> None:
    """Adds how an act ended. Where the trail does not take it, the act is not undone: its user is warned."""
    try:
        trail.add(act)
    except NodeError as error:
        text = _("WARNING: the trail could not record how this operation ended ({reason})", reason=error.reason.value)
        echo(text, err=True)


def _open(what: str, arguments: Mapping[str, Any]) -> Trail | None:
    """The trail of the node that a command is about; None where there is none here.

    Raises:
        NodeError: The trail cannot be written, so the act must not be done.
    """
    folder = _node(what, arguments)
    try:
        data_dir = load_config(folder).data_dir if folder is not None else None
    except NodeError:
        return None
    if data_dir is None or not data_dir.is_dir():
        return None
    try:
        return Trail(data_dir)
    except (NodeError, OSError):
        if what in _MAY_GO_ON:
            return None
        raise


def _node(what: str, arguments: Mapping[str, Any]) -> Path | None:
    """The folder of the node. None for an officer with a folder of his own: the node notes the call."""
    if what == "init":
        folder: Path | None = arguments["folder"]
    elif what == "restore" and arguments.get("target") is not None:
        folder = arguments["target"]
    else:
        folder = arguments.get("node_dir") if arguments.get("folder") is None else None
    return folder


def _words(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)


def _who() -> str:
    """The user of this machine, and who became that user by sudo."""
    uid = os.getuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = str(uid)
    by = os.environ.get("SUDO_USER")
    return f"os:{name}({uid})" + (f" by {by}" if by else "")


def _where() -> str:
    """The terminal, and where it was reached from."""
    places = ["local"]
    with suppress(OSError, ValueError):
        places = [os.ttyname(sys.stdin.fileno())]
    if remote := os.environ.get("SSH_CONNECTION", "").split(" ")[0]:
        places.append(f"from {remote}")
    return " ".join(places)
