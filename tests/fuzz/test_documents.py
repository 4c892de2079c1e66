"""Whatever reads a document has a fuzz target: found in the source, so that a new reader cannot be forgotten."""

import ast
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import pytest

from node.core import document
from tests.fuzz.targets import TARGETS

ROOT = Path(__file__).parents[2]


class Reader(NamedTuple):
    """A function that calls `parse_document`."""

    module: str
    function: str


_SHIPPED = "its file is part of the program"
_WRITTEN = "parses what `format_document` wrote of options just before"
# Readers without a target, and why they need none.
WITHOUT = {
    Reader("node.core.law.laws", "laws"): _SHIPPED,
    Reader("node.core.reason_texts", "texts"): _SHIPPED,
    Reader("adapters.mapping", "_word_list"): _SHIPPED,
    Reader("node.cli.init", "_place"): _WRITTEN,
    Reader("node.cli.init", "_listen"): _WRITTEN,
}


def readers() -> Iterator[Reader]:
    """Every function of the program that calls `parse_document`, under whatever name it imports it."""
    for top in ("node", "adapters"):
        for path in sorted((ROOT / top).rglob("*.py")):
            source = path.read_text("utf-8")
            if "parse_document" in source:
                module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
                yield from (Reader(module, name) for name in callers(ast.parse(source)))


def callers(tree: ast.AST) -> Iterator[str]:
    """The innermost function around each call of `parse_document`; an empty name outside of all."""

    def walk(node: ast.AST, function: str) -> Iterator[str]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ImportFrom) and any(
                alias.name == "parse_document" and alias.asname for alias in child.names
            ):
                raise AssertionError("parse_document has one name, by which its callers are found")
            if isinstance(child, ast.Call) and _name(child.func) == "parse_document":
                yield function
            yield from walk(child, child.name if isinstance(child, ast.FunctionDef) else function)

    return walk(tree, "")


def _name(callee: ast.expr) -> str:
    return callee.id if isinstance(callee, ast.Name) else callee.attr if isinstance(callee, ast.Attribute) else ""


@pytest.fixture(scope="module")
def fuzzed() -> set[Reader]:
    """The readers that some target hands text of its input."""
    reached: set[Reader] = set()
    seed = b""

    def noting(text: str, *rest: object) -> object:
        caller = sys._getframe(1)
        if text.encode() in seed:
            reached.add(Reader(caller.f_globals["__name__"], caller.f_code.co_name))
        return document.parse_document(text, *rest)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        for module in {reader.module for reader in readers()}:
            patch.setattr(import_module(module), "parse_document", noting)
        for target in TARGETS.values():
            for seed in target.seeds():
                target.run(seed)
    return reached


ALL = sorted(set(readers()))


@pytest.mark.parametrize("reader", ALL, ids=".".join)
def test_a_reader_of_documents_has_a_target(reader: Reader, fuzzed: set[Reader]) -> None:
    assert (reader in fuzzed) != (reader in WITHOUT)


def test_readers_are_found_and_exceptions_are_readers() -> None:
    assert len(ALL) > 12
    assert set(WITHOUT) < set(ALL)


def test_a_call_is_found_wherever_it_stands() -> None:
    source = (
        "def a():\n  def b():\n    return c(document.parse_document(x))\n  parse_document(y).data\nparse_document(z)\n"
    )
    assert sorted(callers(ast.parse(source))) == ["", "a", "b"]
    with pytest.raises(AssertionError, match="one name"):
        list(callers(ast.parse("from node.core.document import parse_document as p")))
