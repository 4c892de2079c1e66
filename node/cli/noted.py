"""Which commands are acts of administration, and how each is noted in the trail of the node it is done to."""

import functools
import os
import pwd
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any

import click

from node.config import load_config
from node.errors import NodeError
from node.storage.trail import Act, Trail

ACTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "backup": ("out", "with_keys"),
        "client add": ("name", "kind", "host"),
        "client remove": ("name",),
        "federation add": ("cards",),
        "federation platform": ("name",),
        "federation remove": ("city",),
        "init": ("city",),
        "key rotate": ("which", "finish"),
        "officer add": ("account", "roles"),
        "officer remove": ("account", "name"),
        "peer forget": ("city",),
        "peer release": ("city",),
        "peer return": ("city",),
        "restore": ("backup", "returned", "largest"),
        "retract": ("record", "load"),
        "run": (),
    }
)
"""Commands that change a node or take something out of it, and the arguments that say what it is done to."""

_MAY_GO_ON = frozenset({"backup", "restore", "run"})
"""What a disk that can no more be written must not stop; `run` says itself what is wrong with it."""

MAX_ABOUT = 400


def note_acts(command: click.Command, path: str) -> click.Command:
    """Has the acts of administration among a command and its subcommands noted."""
    for name, below in command.commands.items() if isinstance(command, click.Group) else ():
        note_acts(below, f"{path} {name}")
    if path in ACTS and command.callback is not None and not hasattr(command.callback, "__wrapped__"):
        command.callback = _noted(path, command.callback)
    return command


def _noted(what: str, callback: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(callback)
    def act(**arguments: Any) -> Any:
        if arguments.get("role") is not None and what == "run":
            return callback(**arguments)  # a process of the node, under its supervisor
        trail = _open(what, arguments)
        if trail is None:
            return _then_note(what, callback, arguments)
        if what == "run":
            trail.add(_act(what, arguments, "begun"))
        try:
            return _with(trail, what, callback, arguments)
        finally:
            trail.close()

    return act


def _with(trail: Trail, what: str, callback: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
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
        trail.add(_act(what, arguments, result))


def _then_note(what: str, callback: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
    """An act that makes the node: its trail begins with it."""
    made = callback(**arguments)
    if (trail := _open(what, arguments)) is not None:
        trail.add(_act(what, arguments, "done"))
        trail.close()
    return made


def _open(what: str, arguments: Mapping[str, Any]) -> Trail | None:
    """The trail of the node that a command is about; None where there is none here, e.g. of a node far away.

    Raises:
        NodeError: The trail cannot be written, so the act must not be done.
    """
    folder = arguments.get("folder") or arguments.get("target") or arguments.get("node_dir")
    try:
        data_dir = load_config(Path(folder or ".")).data_dir
    except NodeError:
        return None
    if not data_dir.is_dir():
        return None
    try:
        return Trail(data_dir)
    except (NodeError, OSError):
        if what in _MAY_GO_ON:
            return None
        raise


def _act(what: str, arguments: Mapping[str, Any], result: str) -> Act:
    told = [arguments[name] for name in ACTS[what] if arguments.get(name)]
    about = " ".join(_words(each) for each in told)
    return Act(time.time_ns() // 1_000_000, _who(), _where(), f"gongzhi {what}", about[:MAX_ABOUT], result)


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
