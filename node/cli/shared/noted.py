"""Which commands are acts of administration; each is noted in the trail of the node it is done to (`note.py`)."""

import functools
from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any

import click

ACTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "backup": ("out", "with_keys"),
        "client add": ("name", "kind", "host"),
        "client remove": ("name", "certificate"),
        "federation add": ("cards",),
        "federation move": ("address",),
        "federation platform": ("name",),
        "federation remove": ("city",),
        "init": ("city",),
        "key rotate": ("which", "finish"),
        "officer add": ("account", "roles"),
        "officer remove": ("account", "name"),
        "peer evidence": ("incident", "out"),
        "peer forget": ("city",),
        "peer payload": ("incident", "out"),
        "peer release": ("city",),
        "peer return": ("city",),
        "restore": ("backup", "returned", "largest"),
        "retract": ("record", "load"),
        "run": (),
        "screen key": (),
    }
)
"""Commands that change a node or take something out of it, and the arguments that say what it is done to."""


def note_acts(command: click.Command, path: str) -> click.Command:
    """Has the acts of administration among a command and its subcommands noted."""
    for name, below in command.commands.items() if isinstance(command, click.Group) else ():
        note_acts(below, f"{path} {name}")
    if path in ACTS and command.callback is not None and not getattr(command.callback, "is_noted", False):
        command.callback = _noted(path, command.callback)
    return command


def _noted(what: str, callback: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(callback)
    def act(**arguments: Any) -> Any:
        if what == "run" and arguments.get("role") is not None:
            return callback(**arguments)  # a process of the node, under its supervisor
        # Imported here: such a process makes room for its counters before it imports what counts.
        return import_module("node.cli.shared.note").noted(what, ACTS[what], callback, arguments)

    act.is_noted = True  # type: ignore[attr-defined]
    return act
