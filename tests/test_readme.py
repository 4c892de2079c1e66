"""What the README and the guides tell a reader to type exists, and what they link to is there."""

import re
import subprocess
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click
import pytest

from tests.kit.documents import BLOCK, DOCUMENTS, PROGRAMS, ROOT, commands_of, is_command, words_of

# Those that lead a newcomer by the hand: what stands in a block works as it stands.
GUIDES = ("README.md", "README.zh.md", "docs/zh/deploy.md", "docs/deploy.md", "docs/operations.md", "docs/adapters.md")
PASTED = [ROOT / name for name in GUIDES]
PLACEHOLDER = re.compile(r"\b(DIR|FILE|FOLDER|CITY|CARD|PLACE|NAME|N)\b|<[a-z]|\.\.\.")
# It asks something, or stays in the foreground.
TAKES_WHAT_FOLLOWS = re.compile(r"gongzhi (run|federation add (?!.*--yes))|apt \w+ (?!.*-y)|systemctl edit")
INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
LINK = re.compile(r"\]\(([^)#]+)[^)]*\)")
LINE_LENGTH = 120
TARGET = re.compile(r"^([a-z-]+):.*##", re.MULTILINE)


class Typed(NamedTuple):
    """A command as a reader would type it; `whole` where it stands in a block, to be copied as it is."""

    document: str
    text: str
    whole: bool


def commands(document: Path) -> Iterator[Typed]:
    text = document.read_text("utf-8")
    name = str(document.relative_to(ROOT))
    for block in BLOCK.findall(text):
        yield from (Typed(name, line, True) for line in commands_of(block))
    yield from (Typed(name, each, False) for each in INLINE.findall(BLOCK.sub("", text)) if is_command(each))


ALL = [typed for document in DOCUMENTS for typed in commands(document)]


@pytest.mark.parametrize("typed", ALL, ids=lambda typed: f"{typed.document}: {typed.text[:60]}")
def test_every_command_is_one(typed: Typed) -> None:
    program, *words = words_of(typed.text)
    if program == "make":
        check_make(words)
    else:
        check_click(PROGRAMS[program], program, words, typed.whole)


def check_make(words: list[str]) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for word in words:
        name, is_setting, _ = word.partition("=")
        assert f"$({name})" in makefile if is_setting else name in TARGET.findall(makefile)


def check_click(command: click.Command, path: str, words: list[str], whole: bool) -> None:
    context = click.Context(command, info_name=path)
    if isinstance(command, click.Group) and words and not words[0].startswith("-"):
        if words[0] not in command.commands and "file" in command.commands:
            words = ["file", *words]  # `gongzhi screen FILE`
        named = command.get_command(context, words[0])
        assert named is not None, f"{path} has no {words[0]}"
        check_click(named, f"{path} {words[0]}", words[1:], whole)
        return
    given, rest, _ = command.make_parser(context).parse_args(list(words))
    assert not rest
    if whole and not given.get("version"):
        assert not isinstance(command, click.Group)
        lacking = [each.name for each in command.params if each.required and not given.get(each.name or "")]
        assert not lacking, f"{path} needs {lacking}"


def shell_blocks(document: Path) -> list[str]:
    """The blocks of a guide that somebody pastes into a terminal."""
    blocks = re.findall(r"(?ms)^ *```(\w*)\n(.*?)^ *```", document.read_text("utf-8"))
    return [textwrap.dedent(body) for language, body in blocks if language in {"", "bash", "sh"}]


def spoils_a_paste(block: str) -> str:
    """Why a block does not do what it says when it is pasted as it stands; empty where it does."""
    if subprocess.run(["bash", "-n"], input=block, text=True, check=False, capture_output=True).returncode:
        return "is no shell"
    if re.search(r"(^|\s)#", block):
        return "has a comment: zsh takes none on its command line"
    if found := PLACEHOLDER.search(re.sub(r"<<'(\w+)'.*?^\1$", "", block, flags=re.MULTILINE | re.DOTALL)):
        return f"has a placeholder: {found[0]}"
    *before, _ = block.splitlines()
    return next((f"{line}: takes the lines after it" for line in before if TAKES_WHAT_FOLLOWS.search(line)), "")


@pytest.mark.parametrize("document", PASTED, ids=lambda document: document.name)
def test_every_block_can_be_pasted(document: Path) -> None:
    blocks = shell_blocks(document)
    assert blocks
    assert [why for block in blocks if (why := spoils_a_paste(block))] == []


@pytest.mark.parametrize(
    "block",
    ["if true; then\n", "make demo  # all\n", "gongzhi backup --out FILE\n", "gongzhi status --node <folder>\n",
     "gongzhi run\ngongzhi status\n", "sudo gongzhi federation add x.yaml\nls\n"],
)  # fmt: skip
def test_a_block_that_cannot_be_pasted_is_noticed(block: str) -> None:
    assert spoils_a_paste(block)


def test_the_readme_shows_the_commands_of_a_first_hour() -> None:
    shown = {" ".join(words_of(typed.text)[:2]) for typed in ALL if typed.document == "README.md"}
    assert {
        "make demo",
        "make test",
        "gongzhi init",
        "gongzhi run",
        "gongzhi operator",
        "gongzhi-adapter load",
    } <= shown


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_every_link_leads_somewhere(document: Path) -> None:
    text = BLOCK.sub("", document.read_text("utf-8"))
    for link in LINK.findall(text):
        assert "://" in link or (document.parent / link).exists(), link


def too_long(text: str) -> list[str]:
    """The lines that do not fit on a screen; a row of a table cannot be broken."""
    return [line for line in text.splitlines() if len(line) > LINE_LENGTH and not line.lstrip().startswith("|")]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_every_line_fits(document: Path) -> None:
    assert too_long(document.read_text("utf-8")) == []


def test_a_line_that_does_not_fit_is_noticed() -> None:
    assert too_long(f"{'x' * 121}\n| {'x' * 121} |\n{'x' * 120}\n") == ["x" * 121]


@pytest.mark.parametrize(
    "wrong",
    ["gongzhi operator ask", "gongzhi status --nothing", "gongzhi prove x-1", "make nothing", "make demo X=1"],
)
def test_a_command_that_is_none_is_noticed(wrong: str) -> None:
    with pytest.raises((AssertionError, click.UsageError)):
        test_every_command_is_one(Typed("none", wrong, True))
