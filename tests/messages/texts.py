"""What the program says to people: texts in `_(...)` and `say(...)`, help of commands, and what Click says itself."""

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

import click

from adapters.cli import main as gongzhi_adapter
from node.cli.main import gongzhi
from node.localized_click import help_text

ROOT = Path(__file__).parents[2]
ROOMS: Mapping[str, tuple[str, ...]] = {
    "adapters": ("adapters",),
    "bootstrap": ("node/bootstrap", "node/config.py", "node/scheduler.py", "node/supervisor.py"),
    "cli": ("node/cli", "node/localized_click.py"),
    "core": ("node/core", "node/errors.py"),
    "demo": ("node/demo",),
    "folder": ("node/folder",),
    "rpc": ("node/client", "node/rpc"),
    "storage": ("node/storage",),
    "tables": ("node/tables",),
    "usecases": ("node/usecases",),
}
"""A catalogue each, and the folders and files whose texts are in it. A text of several rooms is in one of them."""
CLICK = "click"


class Text(NamedTuple):
    """A msgid, where it is said, and the values it is given; None where nothing fills its places."""

    room: str
    msgid: str
    where: str
    values: frozenset[str] | None


@cache
def all_texts() -> tuple[Text, ...]:
    """Every text of the program."""
    said = [text for room in ROOMS for file in files(room) for text in _calls(room, file)]
    helps = (*_helps("cli", gongzhi), *_helps("adapters", gongzhi_adapter))
    return (*_texts_of_click(), *said, *helps)


def files(room: str) -> Iterator[Path]:
    """The sources of a room."""
    for name in ROOMS[room]:
        path = ROOT / name
        yield from [path] if path.is_file() else sorted(path.rglob("*.py"))


def _calls(room: str, file: Path) -> Iterator[Text]:
    where = file.relative_to(ROOT)
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("_", "say"):
            literals = [each.value for each in node.args if isinstance(each, ast.Constant)]
            msgid = literals[0] if len(literals) == len(node.args) == 1 else None
            assert isinstance(msgid, str), f"{where}:{node.lineno}: _() takes one literal text"
            values = {keyword.arg for keyword in node.keywords}
            assert None not in values, f"{where}:{node.lineno}: _() takes its values by name"
            yield Text(room, msgid, f"{where}:{node.lineno}", frozenset(map(str, values)))


def _helps(room: str, command: click.Command, path: str = "") -> Iterator[Text]:
    path = f"{path} {command.name}".strip()
    context = click.Context(command)
    helps = [
        help_text(command),
        command.short_help if _is_own_short_help(command) else None,
        command.epilog,
    ]
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            asked = parameter.prompt if isinstance(parameter.prompt, str) else None
            shown = parameter.show_default if isinstance(parameter.show_default, str) else None
            helps += [parameter.help, asked, shown]
    yield from (Text(room, text, path, None) for text in helps if text)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from _helps(room, below, path)


def _is_own_short_help(command: click.Command) -> bool:
    return bool(command.short_help) and not help_text(command).startswith(str(command.short_help))


def _texts_of_click() -> Iterator[Text]:
    yield Text(CLICK, "required", "click.core", None)  # it looks this one up through a variable
    folder = Path(click.__path__[0])
    for name in ("core", "decorators", "exceptions", "formatting", "parser", "termui", "types"):
        for node in ast.walk(ast.parse((folder / f"{name}.py").read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("_", "ngettext"):
                for argument in node.args[:2]:
                    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                        yield Text(CLICK, argument.value, f"click.{name}:{node.lineno}", None)
