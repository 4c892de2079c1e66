"""Notes an act of administration, done or refused, in the trail of the node it is done to."""

import os
import pwd
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from node.config import load_config
from node.errors import NodeError
from node.storage.sqlite.trail import Act, Trail

_MAY_GO_ON = frozenset({"backup", "restore", "run"})
"""What a disk that can no more be written must not stop; `run` says itself what is wrong with it."""

_MAX_ABOUT = 400


def noted(what: str, subjects: Sequence[str], callback: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
    """Does the act and notes it.

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
    if trail is None:  # the act may make the node: its trail begins with it
        done = callback(**arguments)
        if what == "init" and (trail := _open(what, arguments)) is not None:
            trail.add(note("done"))
            trail.close()
        return done
    try:
        if what == "run":
            trail.add(note("begun"))
        return _do(trail, note, callback, arguments)
    finally:
        trail.close()


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
        trail.add(note(result))


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
