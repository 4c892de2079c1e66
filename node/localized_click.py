"""Click in English and Chinese: help of every command, messages of Click's own, errors, tables and questions.

A program's top group is a `LocalizedGroup`; what is below it is localized as it is looked up: the English text is
the msgid. Messages are printed by `echo`, in the language of the process (`node.messages`); where Click
itself takes a text, as `click.confirm` does, it is given a rendered one.
"""

import copy
import gettext
import inspect
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click
from rich.cells import cell_len

from node.core.reason_texts import error_object
from node.errors import NodeError, Reason
from node.messages import Lang, Message, _, language_of, render, set_language, translate
from node.tables.terminal import escape_what_is_lacking, wrap

_Command = TypeVar("_Command", bound=click.Command)
_SENTENCE = re.compile(r"(.+?)(?:\.(?:\s|$)|。|$)", re.DOTALL)


def echo(text: str = "", *, err: bool = False, nl: bool = True) -> None:
    """Prints a text, a `Message` in the language of the process."""
    click.echo(render(text), err=err, nl=nl)


def say(msgid: str, /, **values: Any) -> None:
    """Prints a text with places for `values`, as `_` writes it, in the language of the process."""
    echo(Message(msgid, values))


def _choose(_context: click.Context, _parameter: click.Parameter, lang: Lang | None) -> None:
    if lang:
        set_language(lang)


lang_option = click.option(
    "--lang",
    type=click.Choice(["zh", "en"]),
    is_eager=True,
    expose_value=False,
    callback=_choose,
    help="Language of help, messages and tables [default: from GONGZHI_LANG, LC_ALL, LC_MESSAGES or LANG].",
)


class LocalizedGroup(click.Group):
    """The top group of a program: chooses the language before anything is parsed, and localizes what is below it."""

    def __init__(self, *args: Any, **options: Any) -> None:
        """Makes the group, with what holds for it and every command below it."""
        settings = {"help_option_names": ["-h", "--help"], "max_content_width": 110}
        super().__init__(*args, context_settings=settings, **options)

    def main(self, *args: Any, **options: Any) -> Any:
        """Runs the program."""
        escape_what_is_lacking()
        _localize_click()
        set_language(language_of(os.environ))
        return super().main(*args, **options)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A command in the language of the process."""
        command = super().get_command(ctx, cmd_name)
        return localized(command) if command else None

    def make_context(self, *args: Any, **options: Any) -> click.Context:
        """Parses the options of the program itself."""
        with _errors_rendered():
            return super().make_context(*args, **options)

    def invoke(self, ctx: click.Context) -> Any:
        """Parses the rest and runs the command."""
        with _errors_rendered():
            return super().invoke(ctx)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the help of the program itself."""
        click.Group.format_help(localized(self), ctx, formatter)


class _JsonError(click.ClickException):
    """What Click does not take, as the object that every error of a program is with `--json`."""

    exit_code = 2

    def show(self, file: Any = None) -> None:  # noqa: ARG002 - as click calls it
        error = NodeError(Reason.INVALID_ARGUMENT, self.message)
        echo(json.dumps(error_object(error), ensure_ascii=False), err=True)


def asks_for_json() -> bool:
    """Whether the command line has `--json`: asked of the words themselves, which may not parse."""
    return "--json" in sys.argv[1:]


@contextmanager
def _errors_rendered() -> Iterator[None]:
    try:
        yield
    except click.ClickException as error:
        error.message = render(error.message)  # type: ignore[misc]
        if asks_for_json():
            raise _JsonError(error.format_message()) from None
        raise


def localized(command: _Command) -> _Command:
    """A command and what is below it, with every help text in the language of the process and a whole short help.

    A copy: the command itself stays English, and the next run may choose another language.
    """
    local = copy.copy(command)
    local.context_class = _Context
    local.help = translate(help_text(command)) or None
    # Its own default is cut off where a column ends.
    local.short_help = translate(command.short_help) if command.short_help else _first_sentence(local.help or "")
    local.deprecated = render(command.deprecated) if isinstance(command.deprecated, str) else command.deprecated
    local.params = [_localized_parameter(parameter) for parameter in command.params]
    if isinstance(local, click.Group) and isinstance(command, click.Group):
        local.commands = {name: localized(below) for name, below in command.commands.items()}
    return local


def former_name(command: _Command, successor: str) -> _Command:
    """A command under its former name, for one release: it works, is listed nowhere and names its successor."""
    former = copy.copy(command)
    former.hidden = True
    former.deprecated = _("use `gongzhi {command}` instead", command=successor)
    return former


def help_text(command: click.Command) -> str:
    r"""The English help, its msgid: a paragraph a line, wherever the source breaks it; one after \b as it stands."""
    paragraphs = inspect.cleandoc(command.help or "").split("\n\n")
    return "\n\n".join(text if text.startswith("\b") else " ".join(text.split()) for text in paragraphs)


def _first_sentence(text: str) -> str:
    sentence = _SENTENCE.match(text.split("\n\n", 1)[0])
    return " ".join(sentence[1].split()) if sentence else ""


def _localized_parameter(parameter: click.Parameter) -> click.Parameter:
    if not isinstance(parameter, click.Option):
        return parameter
    local = copy.copy(parameter)
    local.help = translate(parameter.help) if parameter.help else None
    if isinstance(parameter.prompt, str):
        local.prompt = translate(parameter.prompt)
    if isinstance(parameter.show_default, str):
        local.show_default = translate(parameter.show_default)
    return local


class _Formatter(click.HelpFormatter):
    """Wraps by the cells of a terminal: a Chinese character takes two and has no blank beside it."""

    def write_text(self, text: str) -> None:
        indent = " " * self.current_indent
        paragraphs = _paragraphs(text, self.width - self.current_indent)
        self.write("\n\n".join("\n".join(f"{indent}{line}".rstrip() for line in lines) for lines in paragraphs) + "\n")

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        rows = list(rows)
        column = min(max(cell_len(term) for term, _ in rows), col_max) + col_spacing
        indent, blank = " " * self.current_indent, " " * (self.current_indent + column)
        for term, text in rows:
            lines = [line for lines in _paragraphs(text, max(self.width - column - 2, 10)) for line in lines]
            if cell_len(term) > column - col_spacing:
                self.write(f"{indent}{term}\n")
            else:
                first = lines.pop(0) if lines else ""
                self.write(f"{indent}{term}{' ' * (column - cell_len(term))}{first}".rstrip() + "\n")
            self.write("".join(f"{blank}{line}\n" for line in lines))


def _paragraphs(text: str, width: int) -> Iterator[list[str]]:
    r"""The lines of each paragraph; one that begins with \b keeps its own."""
    for paragraph in text.split("\n\n"):
        if paragraph.startswith("\b"):
            yield paragraph.removeprefix("\b").strip("\n").split("\n")
        else:
            yield wrap(" ".join(paragraph.split()), width)


class _Context(click.Context):
    formatter_class = _Formatter


def _localize_click() -> None:
    """Takes Click's own messages from the catalogues: it asks gettext, which by itself reads compiled files alone."""

    def dgettext(domain: str, message: str) -> str:  # noqa: ARG001 - of the signature
        return translate(message)

    def dngettext(domain: str, msgid1: str, msgid2: str, n: int) -> str:  # noqa: ARG001 - of the signature
        return translate(msgid1 if n == 1 else msgid2)

    gettext.dgettext, gettext.dngettext = dgettext, dngettext
