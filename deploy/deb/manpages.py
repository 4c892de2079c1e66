"""Writes the manual: a page for each program and for each of its commands, from what `--help` says.

Usage: manpages.py VERSION SECONDS FOLDER        (SECONDS since 1970: the day on the pages)
"""

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from adapters.cli import main as gongzhi_adapter
from node.cli.main import gongzhi

PROGRAMS = {"gongzhi": gongzhi, "gongzhi-adapter": gongzhi_adapter}


def main(version: str, seconds: str, folder: Path) -> None:
    """Writes every page into `folder`."""
    day = datetime.fromtimestamp(int(seconds), UTC).date().isoformat()
    for program, group in PROGRAMS.items():
        commands = {path[1]: each for path, each in below(group, (program,)).items() if len(path) == 2}
        names = [f"{program}-{name}" for name in commands]
        also = sorted({*PROGRAMS, *names} - {program})
        pages = {program: page(group, {(program,): group}, also)}
        for name, command in commands.items():
            pages[f"{program}-{name}"] = page(command, below(command, (program, name)), [program])
        for name, text in pages.items():
            head = f'.TH {name.upper()} 1 {day} "gongzhi {version}"\n.SH NAME\n{escape(name)} \\- '
            (folder / f"{name}.1").write_text(head + text, "utf-8")


def below(command: click.Command, path: tuple[str, ...]) -> dict[tuple[str, ...], click.Command]:
    """A command and all commands below it, by the words that are typed."""
    found = {path: command}
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=path[-1])
        for name in command.list_commands(context):
            each = command.get_command(context, name)
            if each is not None and not each.hidden:
                found |= below(each, (*path, name))
    return found


def page(command: click.Command, sections: dict[tuple[str, ...], click.Command], also: list[str]) -> str:
    """What stands on a page after its name."""
    lines = [escape(command.get_short_help_str(200))]
    for path, each in sections.items():
        lines += [f".SH {escape(' '.join(path))}", *described(each, " ".join(path))]
    return "\n".join([*lines, ".SH SEE ALSO", ", ".join(f"\\fB{escape(each)}\\fR(1)" for each in also), ""])


def described(command: click.Command, path: str) -> list[str]:
    """Synopsis, text and options of one command."""
    context = click.Context(command, info_name=path)
    usage = " ".join(command.collect_usage_pieces(context))
    lines = [f"\\fB{escape(path)}\\fR {escape(usage)}", *paragraphs(command.help or "")]
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None and record[1]:
            lines += [".TP", f"\\fB{escape(record[0])}\\fR", *map(escape, record[1].splitlines())]
    return lines


def paragraphs(text: str) -> list[str]:
    r"""The lines of a help text; a paragraph that begins with \b keeps its line ends, as click prints it."""
    lines = []
    for paragraph in text.strip().split("\n\n"):
        body = [escape(line.rstrip()) for line in paragraph.replace("\b", "").strip("\n").splitlines()]
        lines += [".PP", ".nf", *body, ".fi"] if "\b" in paragraph else [".PP", *(line.lstrip() for line in body)]
    return lines


def escape(text: str) -> str:
    """A line that troff prints as it is."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{text}" if text.startswith((".", "'")) else text


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
