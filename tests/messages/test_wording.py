"""Nothing is said to people past `_(...)`."""

import ast
import builtins
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.messages.texts import ROOMS, ROOT, files

# Besides every class of error that is not Python's own: what prints, asks, heads a table or refuses.
_SAYS = re.compile(r"(?:\w*_)?(?:echo|secho|confirm|prompt|CellTable|fail|refuse|refused|distrust)")
_ERROR = re.compile(r"\w*(?:Error|BadParameter|Exception)")
_WORDS = re.compile(r"[A-Za-z]{2,}[^A-Za-z]*\s[^A-Za-z]*[A-Za-z]|[\u4e00-\u9fff]")


def bare_texts(file: Path) -> Iterator[str]:
    """Where a file says a text that no catalogue can have."""
    tree = ast.parse(file.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _says(node.func):
            for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
                if isinstance(argument, ast.JoinedStr | ast.Constant | ast.BinOp) and _WORDS.search(_literal(argument)):
                    yield f"{file.relative_to(ROOT)}:{argument.lineno}: {_literal(argument)}"


def _says(callee: ast.expr) -> bool:
    name = callee.id if isinstance(callee, ast.Name) else callee.attr if isinstance(callee, ast.Attribute) else ""
    return bool(_SAYS.fullmatch(name) or (_ERROR.fullmatch(name) and not hasattr(builtins, name)))


def _literal(argument: ast.expr) -> str:
    """The literal pieces of a text, with a space where a value stands."""
    if isinstance(argument, ast.JoinedStr):
        return " ".join(_literal(piece) for piece in argument.values)
    if isinstance(argument, ast.BinOp):
        return f"{_literal(argument.left)} {_literal(argument.right)}"
    return argument.value if isinstance(argument, ast.Constant) and isinstance(argument.value, str) else ""


def _throwaway_hides_it(function: ast.AST) -> bool:
    """Whether a function both translates and binds `_`, which would hide what translates."""
    nodes = list(ast.walk(function))
    names = [node for node in nodes if isinstance(node, ast.Name) and node.id == "_"]
    binds = any(isinstance(node.ctx, ast.Store) for node in names)
    is_parameter = any(isinstance(node, ast.arg) and node.arg == "_" for node in nodes)
    return (binds or is_parameter) and any(isinstance(node.ctx, ast.Load) for node in names)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_nothing_past_the_catalogue(room: str) -> None:
    assert not [text for file in files(room) for text in bare_texts(file)]


def test_no_function_hides_the_translation_behind_a_throwaway() -> None:
    for folder in ("node", "adapters"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                    assert not _throwaway_hides_it(node), f"{file.relative_to(ROOT)}:{node.lineno}"


@pytest.mark.parametrize(
    ("function", "hides"),
    [
        ("def f(_): return _('no file')", True),
        ("def f(*_): return _('no file')", True),
        ("lambda _: _('no file')", True),
        ("def f(rows):\n for _, row in rows: say(_('no file'))", True),
        ("def f(_): return 1", False),
        ("def f(file): return _('no file')", False),
    ],
)
def test_a_hidden_translation_is_found(function: str, hides: bool) -> None:
    statement = ast.parse(function).body[0]
    assert _throwaway_hides_it(statement) is hides


def test_a_bare_text_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.messages.test_wording.ROOT", tmp_path)
    file = tmp_path / "said.py"
    file.write_text(
        "raise NodeError(Reason.X, f'no file {name}')\n"
        "click.echo('it is done')\n"
        "raise NodeError(Reason.X, _('no file {name}', name=name))\n"
        "raise ValueError('a fault of the program')\n"
        "click.echo(f'{name}: {number}')\n"
    )
    assert [text.split(":")[1] for text in bare_texts(file)] == ["1", "2"]
