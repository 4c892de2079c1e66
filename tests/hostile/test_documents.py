"""YAML from other cities and operators: one loader, in which nothing is computed and nothing is guessed."""

from collections.abc import Callable
from contextlib import suppress
from datetime import date
from time import process_time

import pytest

from node.core.document import MAX_DEPTH, MAX_DOCUMENT_CHARS, parse_document
from node.errors import FileError, Reason


def read(text: str) -> object:
    return parse_document(text, "card.yaml", Reason.INVALID_FEDERATION).data


@pytest.mark.parametrize("start", ["x: ", "x: !!int ", "x: !!float ", "? ", "- "])
def test_a_number_of_base_sixty_is_a_text_and_takes_no_time(start: str) -> None:
    text = start + "1" + ":59" * ((MAX_DOCUMENT_CHARS - 20) // 3)
    began_s = process_time()
    with suppress(FileError):  # of a tag that says it is a number
        assert "59:59" in str(read(text))
    assert process_time() - began_s < 2.5  # computed, it takes more than four seconds


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0644", "0644"),
        ("0o17", "0o17"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("2026-01-01", date(2026, 1, 1)),
        ("2026-01-01 10:00:00", "2026-01-01 10:00:00"),
        ("NO", "NO"),
        ("on", "on"),
        ("430100", 430100),
        ("-3", -3),
        ("0.5", 0.5),
        ("1e3", 1000.0),
        ("true", True),
        ("~", None),
        ("", None),
        ("9" * 19, 9999999999999999999),
        ("9" * 20, "9" * 20),
        (".inf", float("inf")),
        ("<<", "<<"),
    ],
)
def test_no_value_is_read_as_what_it_does_not_say(text: str, value: object) -> None:
    found = read(f"x: {text}")
    assert found == {"x": value}
    assert type(found["x"]) is type(value)


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ("{a: ", "}"), ("- ", "")])
def test_what_is_nested_too_deeply_is_refused_with_its_line(opening: str, closing: str) -> None:
    assert read(opening * (MAX_DEPTH - 1) + "x" + closing * (MAX_DEPTH - 1))
    for depth in (MAX_DEPTH, 10_000):
        began_s = process_time()
        with pytest.raises(FileError, match=r"card\.yaml:2: nested too deeply"):
            read("\n" + opening * depth + "x" + closing * depth)
        assert process_time() - began_s < 1


_TAGGED = (
    "!!timestamp 2026-01-01 10:00:00",
    "!!timestamp 2026-13-01",
    "!!int 0x1F",
    "!!int 0644",
    "!!python/name:os x",
)


@pytest.mark.parametrize("tag", _TAGGED)
def test_a_tag_makes_nothing_of_it_either(tag: str) -> None:
    with pytest.raises(FileError):
        read(f"x: {tag}")


TIMES = 8
# What grows, and how many of it make a small document; eight times as many are still taken, or refused for what they
# are and not for their length.
GROWING: dict[str, tuple[Callable[[int], str], int]] = {
    "items": (lambda count: "- a\n" * count, 1500),
    "items in a row": (lambda count: "[" + "a, " * count + "]", 1500),
    "keys": (lambda count: "".join(f"k{number}: 1\n" for number in range(count)), 1000),
    "one key": (lambda count: "k: 1\n" * count, 1000),
    "maps": (lambda count: "- {a: {b: [c]}}\n" * count, 300),
    "depths": (lambda count: f"- {'[' * 30}a{']' * 30}\n" * count, 60),
    "documents": (lambda count: "---\na: 1\n" * count, 1000),
    "notes": (lambda count: "# a\n" * count + "a: 1", 30_000),
    "empty lines": (lambda count: "\n" * count + "a: 1", 120_000),
    "a long word": (lambda count: "a: " + "b" * count, 120_000),
    "many words": (lambda count: "a: " + "b " * count, 20_000),
    "a text over lines": (lambda count: "a: |\n" + "  b\n" * count, 20_000),
    "a folded text": (lambda count: "a: >\n" + "  b\n\n" * count, 10_000),
    "escapes": (lambda count: 'a: "' + "\\u4e2d" * count + '"', 10_000),
    "quotes": (lambda count: "a: '" + "''" * count + "'", 20_000),
    "a long key": (lambda count: "? " + "b" * count + "\n: 1", 120_000),
    "digits": (lambda count: "a: " + "9" * count, 120_000),
    "a long tag": (lambda count: "a: !" + "b" * count + " 1", 120_000),
}


def _spent_s(text: str) -> float:
    began_s = process_time()
    with suppress(FileError):
        read(text)
    return process_time() - began_s


@pytest.mark.parametrize("shape", GROWING)
def test_a_document_takes_time_in_proportion_to_its_size(shape: str) -> None:
    """Eight times the size is eight times the work; were it quadratic, 64 times."""
    grow, count = GROWING[shape]
    assert len(grow(count * TIMES)) <= MAX_DOCUMENT_CHARS
    _spent_s("a: 1")
    assert _spent_s(grow(count * TIMES)) < 0.2 + 3 * TIMES * _spent_s(grow(count))
