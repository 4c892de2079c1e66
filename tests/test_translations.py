"""A Chinese guide says as much as its English one: the same sections, commands and rows of tables, in order."""

import re
from pathlib import Path

import pytest

from tests.kit.documents import BLOCK, commands_of, words_of

DOCS = Path(__file__).parents[1] / "docs"
# The English page where it has another name; the guide to the Debian package is Chinese alone.
ENGLISH = {"containers.md": "deploy.md"}
GUIDES = sorted(path.name for path in (DOCS / "zh").glob("*.md") if path.name != "deploy.md")


def outline(text: str) -> list[int]:
    """The level of each heading, in order."""
    return [len(level) for level in re.findall(r"^(#+) ", BLOCK.sub("", text), re.MULTILINE)]


def commands(text: str) -> list[tuple[str, ...]]:
    """Program and subcommands of each command in a block, in order."""
    lines = [line for block in BLOCK.findall(text) for line in commands_of(block)]
    return [tuple(word for word in words_of(line) if re.fullmatch(r"[a-z][a-z-]*", word)) for line in lines]


def tables(text: str) -> list[int]:
    """The number of rows of each table, in order."""
    return [part.count("\n") for part in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)]


@pytest.mark.parametrize("guide", GUIDES)
def test_both_languages_say_as_much(guide: str) -> None:
    chinese = (DOCS / "zh" / guide).read_text("utf-8")
    english = (DOCS / ENGLISH.get(guide, guide)).read_text("utf-8")
    assert outline(chinese) == outline(english)
    assert commands(chinese) == commands(english)
    assert tables(chinese) == tables(english)


@pytest.mark.parametrize("guide", GUIDES)
def test_each_links_to_the_other(guide: str) -> None:
    english = ENGLISH.get(guide, guide)
    assert f"[English](../{english})" in (DOCS / "zh" / guide).read_text("utf-8")
    assert f"[中文](zh/{guide})" in (DOCS / english).read_text("utf-8")


def test_a_section_a_row_or_a_command_that_is_missing_is_noticed() -> None:
    whole = "# A\n## B\n```\ngongzhi status --wait 60\n```\n| a |\n|---|\n| b |\n"
    assert (outline(whole), commands(whole), tables(whole)) == ([1, 2], [("gongzhi", "status")], [3])
    assert outline(whole.replace("## B\n", "")) == [1]
    assert tables(whole.replace("| b |\n", "")) == [2]
    assert commands(whole.replace("status", "sync")) == [("gongzhi", "sync")]
