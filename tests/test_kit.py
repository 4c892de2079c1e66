"""What tests share stands in tests/kit/, which tests/README.md explains; no test module is imported by another."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
README = (TESTS / "README.md").read_text("utf-8")
PROGRAMS = {path.parent.name for path in TESTS.glob("*/__main__.py")}
MODULES = [path.relative_to(TESTS) for path in sorted(TESTS.rglob("*.py")) if path.name != "__init__.py"]
KIT = [path for path in MODULES if path.parts[0] == "kit"]


def imports(source: str) -> Iterator[str]:
    """The modules of `tests` that a source imports, wherever in it, without the leading "tests."."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are absolute"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        yield from (name.removeprefix("tests.") for name in names if name.split(".")[0] == "tests")


def forbidden(module: Path, source: str) -> list[str]:
    """What a module imports of `tests` and must not.

    The kit imports the kit alone. A program imports the kit and itself. A test imports the kit, what stands beside it
    in the folder of a program, and a program's `__main__` where it starts it.
    """
    home = module.parts[0]
    rooms = {"kit", home} if home in PROGRAMS else {"kit"}
    started = set() if home in {"kit", *PROGRAMS} else {f"{program}.__main__" for program in PROGRAMS}

    def is_allowed(name: str) -> bool:
        room, *rest = name.split(".")
        if any(part == "conftest" or part.startswith("test_") for part in rest):
            return False
        return room in rooms or ".".join((room, *rest[:1])) in started

    return [name for name in imports(source) if not is_allowed(name)]


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_module_imports_the_kit_alone(module: Path) -> None:
    assert forbidden(module, (TESTS / module).read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("core/test_x.py", "from tests.core.test_y import a"),
        ("core/test_x.py", "from tests.core import helpers"),
        ("core/test_x.py", "from tests.usecases.conftest import a"),
        ("core/test_x.py", "def f():\n    import tests.bench.world"),
        ("fuzz/test_x.py", "from tests.fuzz.test_targets import a"),
        ("kit/clock.py", "from tests.fuzz.target import a"),
        ("kit/clock.py", "from tests.bench.__main__ import main"),
        ("bench/act.py", "from tests.soak.load import Load"),
    ],
)
def test_any_other_import_is_noticed(module: str, source: str) -> None:
    assert forbidden(Path(module), source)


def test_properties_try_as_much_as_the_profile_says() -> None:
    """A property that sets its own `max_examples` tries no more with HYPOTHESIS_PROFILE=long than without."""
    sets_its_own = re.compile(r"\b(max_examples|derandomize)=")
    others = [module for module in MODULES if module != Path("kit/effort.py")]
    assert [str(module) for module in others if sets_its_own.search((TESTS / module).read_text("utf-8"))] == []


def test_helpers_stand_in_the_kit_or_in_a_program() -> None:
    """Elsewhere are tests, and conftest.py with their fixtures."""
    elsewhere = [path for path in MODULES if path.parts[0] not in {"kit", *PROGRAMS}]
    assert [str(path) for path in elsewhere if not re.fullmatch(r"test_\w+\.py|conftest\.py", path.name)] == []


@pytest.mark.parametrize("module", KIT, ids=str)
def test_the_readme_says_what_each_module_of_the_kit_is_for(module: Path) -> None:
    assert f"`{module.relative_to('kit').with_suffix('')}`" in README


def test_the_readme_names_no_module_that_is_gone() -> None:
    rows = re.findall(r"^\|[^|]*\|([^|]*)\|", README.partition("## What to take")[2], re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`([a-z_/]+)`", row)}
    assert named - {str(path.relative_to("kit").with_suffix("")) for path in KIT} == set()
