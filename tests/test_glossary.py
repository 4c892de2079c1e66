"""docs/glossary.md: each word stands for something in the code, and retired words stand for nothing."""

import ast
import re
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
TERMS, RETIRED = (ROOT / "docs/glossary.md").read_text("utf-8").split("## Retired words")
ROW = re.compile(r"^\| (?!word |retired |-)(.*) \|$", re.MULTILINE)


class Term(NamedTuple):
    """A row: the word, what it means, what it is in Chinese, and where the code holds it."""

    word: str
    meaning: str
    chinese: str
    where: str

    def is_held(self) -> bool:
        """Whether the file is there, and the named class or function in it."""
        *names, place = re.findall(r"`([^`]+)`", self.where)
        file = ROOT / place
        return file.is_file() and all(
            re.search(rf"^ *(class|def) {name}\b", file.read_text("utf-8"), re.MULTILINE) for name in names
        )


ALL = [Term(*row.split(" | ")) for row in ROW.findall(TERMS)]


def sources() -> list[Path]:
    return [path for top in ("node", "adapters") for path in (ROOT / top).rglob("*.py")]


@pytest.mark.parametrize("term", ALL, ids=lambda term: term.word)
def test_each_term_stands_in_the_code(term: Term) -> None:
    assert term.is_held()
    assert re.search(r"[\u4e00-\u9fff]", term.chinese)


def test_a_term_that_stands_nowhere_is_noticed() -> None:
    assert not Term("log", "", "日志", "`NoSuchLog` in `node/storage/sqlite/log.py`").is_held()
    assert not Term("log", "", "日志", "`node/none.py`").is_held()


def test_each_word_stands_once() -> None:
    words = [word.strip("`") for term in ALL for word in term.word.split(", ")]
    assert sorted(words) == sorted(set(words))


def test_retired_words_name_no_class() -> None:
    retired = {name for row in ROW.findall(RETIRED) for name in re.findall(r"`(\w+)`", row.split(" | ")[0])}
    assert "Soon" in retired
    assert [
        (str(path), name)
        for path in [*sources(), *(ROOT / "tests").rglob("*.py")]
        for name in re.findall(r"^class _?(\w+)", path.read_text("utf-8"), re.MULTILINE)
        if name in retired
    ] == []


def test_retired_words_name_no_module() -> None:
    """Except a word that is retired in one meaning only, which the table says in brackets."""
    cells = [row.split(" | ")[0] for row in ROW.findall(RETIRED)]
    retired = {name for cell in cells if "(" not in cell for name in re.findall(r"`(\w+)`", cell)}
    assert [str(path) for path in sources() if path.stem.title().replace("_", "") in retired] == []


VAGUE = {"found", "told", "said"}


def vague_names(text: str) -> list[tuple[int, str]]:
    """Variables, arguments, fields and functions that a program names by how it came by them, not by what they hold."""
    names = []
    for at in ast.walk(ast.parse(text)):
        match at:
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                names.append((at.lineno, name))
            case ast.arg(arg=name) | ast.FunctionDef(name=name):
                names.append((at.lineno, name))
    return [(line, name) for line, name in names if name.lstrip("_") in VAGUE]


def test_names_say_what_they_hold() -> None:
    assert {str(path): names for path in sources() if (names := vague_names(path.read_text("utf-8")))} == {}


def test_a_vague_name_is_noticed() -> None:
    text = "def found(told): pass\nself.said = 1\n[x for said in y]\nclass A:\n    told: int"
    assert sorted(vague_names(text)) == [(1, "found"), (1, "told"), (2, "said"), (3, "said"), (5, "told")]
