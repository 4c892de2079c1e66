"""Marks of tests, by the folder, and by what the code of a test, of its fixtures and of its helpers refers to."""

import sys
from collections.abc import Iterable, Iterator
from functools import cache
from types import CodeType, FunctionType, ModuleType

import pytest

CONTAINERS = ("tests/cluster/containers/", "tests/deploy/")
"""Folders whose tests need a container engine."""
MARKS = ("unit", "search", "processes", "containers")
# node.testing stands up six whole nodes: even in this process each has its listeners, schedules and threads.
_STARTERS = frozenset({"subprocess", "multiprocessing", "node.testing.cluster"})
_SEARCHES = "hypothesis.stateful"
# Whose code is read: elsewhere in node/ a process is started only by what a command is told to do.
_READ = ("tests.", "node.testing", "node.demo")
# Reads a workbook of Excel 97 in a child of its own: that is no process of the test's.
_READER = "xls_book.py"


def mark(item: pytest.Item) -> None:
    """Gives a test the one mark that it has, unless its source says which."""
    if not any(item.get_closest_marker(name) for name in MARKS):
        item.add_marker(mark_of(item.nodeid, _functions(item)))


def mark_of(nodeid: str, functions: Iterable[object]) -> str:
    """The mark of a test, by the folder in its node id, the test itself and its fixtures."""
    if nodeid.startswith(CONTAINERS):
        return "containers"
    modules = {module for function in functions for module in _modules(function)}
    if modules & _STARTERS:
        return "processes"
    return "search" if _SEARCHES in modules else "unit"


def _functions(item: pytest.Item) -> Iterator[object]:
    """The test and its fixtures."""
    assert isinstance(item, pytest.Function)
    yield item.function
    yield item.cls
    for definitions in item._fixtureinfo.name2fixturedefs.values():
        yield from (definition.func for definition in definitions)


@cache
def _modules(start: object) -> frozenset[str]:
    """The top-level or dotted names of modules that a function or class refers to, in its helpers too."""
    reached, seen, waiting = set[str](), set[int](), [start]
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        if isinstance(thing, ModuleType):
            reached.add(thing.__name__)
            continue
        module = getattr(thing, "__module__", None) or ""
        reached.add(module)
        if module.startswith(_READ):
            waiting += _referred(thing)
    return frozenset(reached | {name.partition(".")[0] for name in reached})


def _referred(thing: object) -> Iterator[object]:
    """What the code of a function, or of the methods and parents of a class, refers to by a global name."""
    thing = getattr(thing, "__wrapped__", thing)
    if isinstance(thing, type):
        yield from thing.__bases__
        yield from (getattr(part, "fget", part) for part in vars(thing).values())
    elif isinstance(thing, (staticmethod, classmethod)):
        yield thing.__func__
    elif isinstance(thing, FunctionType):
        for name in _names(thing.__code__):
            if name in thing.__globals__:
                yield thing.__globals__[name]


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for part in code.co_consts:
        if isinstance(part, CodeType):
            yield from _names(part)


class Guard:
    """Fails a test marked "unit" or "search" at the moment at which it starts a process."""

    def __init__(self) -> None:
        self.item: pytest.Item | None = None
        sys.addaudithook(self._look)

    def _look(self, event: str, _: tuple[object, ...]) -> None:
        if event not in ("subprocess.Popen", "os.fork", "os.posix_spawn") or self.item is None:
            return
        if not any(self.item.get_closest_marker(name) for name in ("unit", "search")):
            return
        frame = sys._getframe(1)
        while frame is not None:
            if frame.f_code.co_filename.endswith(_READER):
                return
            frame = frame.f_back  # type: ignore[assignment]
        pytest.fail(f"{self.item.nodeid} starts a process: mark it, @pytest.mark.processes")
