"""Six cities, and what can be said of all of them at once."""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any

from node.core.log.checkpoint import LogKey
from node.demo.check_stores import Acknowledged, check_stores
from node.folder.files import load_federation
from node.storage.sqlite.reader import Reader
from node.storage.sqlite.soundness import is_migrated
from node.storage.sqlite.store import Origin
from node.testing.city import CLOCK_OFFSET, City
from node.testing.local import InProcessCity, ProcessCity, found_local

SETTINGS: Mapping[str, Any] = MappingProxyType(
    {
        "sync": {"interval_s": 1.0, "backoff_base_s": 0.3, "backoff_max_s": 2.0, "batch_timeout_s": 10.0},
        "clock": {"offset_file": CLOCK_OFFSET},
    }
)
"""Sections of every node.yaml: a federation that does not make a test wait."""
_SETTLE_S = 90.0
_LOOK_S = 0.1


class Ground(StrEnum):
    """What the six nodes stand on."""

    IN_PROCESS = "in-process"
    """In the test's own process: up in seconds, cannot be killed."""
    PROCESSES = "processes"
    """Each a `gongzhi run` on loopback."""
    CONTAINERS = "containers"
    """Each a container of the node's image, with networks that can be broken."""


class SixCities(Mapping[str, City]):
    """The nodes by slug: `cities["changsha"]`."""

    def __init__(self, cities: Iterable[City]) -> None:
        self._cities = {city.slug: city for city in cities}

    def __getitem__(self, slug: str) -> City:
        return self._cities[slug]

    def __iter__(self) -> Iterator[str]:
        return iter(self._cities)

    def __len__(self) -> int:
        return len(self._cities)

    def settle(self, timeout_s: float = _SETTLE_S) -> None:
        """Waits until every city has verified the whole log of every other, by its own schedule.

        Raises:
            TimeoutError: It has not within `timeout_s`; says who lacks what.
        """
        deadline = time.monotonic() + timeout_s
        while behind := self.behind():
            if time.monotonic() > deadline:
                raise TimeoutError(f"not settled within {timeout_s:g} s: {'; '.join(behind)}")
            time.sleep(_LOOK_S)

    def behind(self) -> list[str]:
        """Who lacks what of whom, read from the stores."""
        stored = {slug: _origins(city.store) for slug, city in self.items()}
        own = {slug: origins[slug] for slug, origins in stored.items() if slug in origins}
        return [
            f"{holder} has {held.size if held else 0} of {log.size} records of {slug}"
            for slug, log in own.items()
            for holder, origins in stored.items()
            if holder != slug and not _is_current(held := origins.get(slug), log)
        ]

    def check(self, acknowledged: Iterable[Acknowledged] = (), liars: Collection[str] = ()) -> None:
        """Reads all six stores and holds them to every rule (see `node.demo.check_stores`); first `settle`.

        Args:
            acknowledged: Records that were acknowledged.
            liars: Cities that did lie: that they were found out is right.

        Raises:
            AssertionError: Names what is violated.
        """
        violations = check_stores({slug: city.store for slug, city in self.items()}, self._keys_of, acknowledged, liars)
        assert not violations, "\n".join([f"{len(violations)} violations:", *map(str, violations[:30])])  # noqa: S101 - it is one

    def _keys_of(self, slug: str) -> Sequence[LogKey]:
        return load_federation(self[slug].config.federation).member(slug).log_keys


@contextmanager
def standing(
    ground: Ground, base: Path, settings: Mapping[str, Any] = SETTINGS, image: str | None = None
) -> Iterator[SixCities]:
    """Founds six cities, starts them, and leaves nothing running behind.

    Args:
        ground: What they stand on.
        base: Folder for the folders of the nodes.
        settings: Further sections of every node.yaml.
        image: Of the containers, where it is not the one that `make image` builds.

    Raises:
        NodeError: A node does not start.
    """
    with ExitStack() as stack:
        cities = _FOUND[ground](base, settings, image, stack)
        pool = stack.enter_context(ThreadPoolExecutor(len(cities)))
        try:
            list(pool.map(lambda city: city.start(), cities))
            yield SixCities(cities)
        finally:
            list(pool.map(lambda city: city.stop(), cities))


def _in_process(base: Path, settings: Mapping[str, Any], _: str | None, __: ExitStack) -> list[City]:
    return found_local(InProcessCity, base, settings)


def _processes(base: Path, settings: Mapping[str, Any], _: str | None, __: ExitStack) -> list[City]:
    return found_local(ProcessCity, base, settings)


def _containers(base: Path, settings: Mapping[str, Any], image: str | None, stack: ExitStack) -> list[City]:
    from node.testing.containers import found_containers  # noqa: PLC0415 - needs what only this ground needs

    return found_containers(base, settings, image, stack)


_Found = Callable[[Path, Mapping[str, Any], str | None, ExitStack], list[City]]
_FOUND: Mapping[Ground, _Found] = {
    Ground.IN_PROCESS: _in_process,
    Ground.PROCESSES: _processes,
    Ground.CONTAINERS: _containers,
}


def _origins(store: Path) -> dict[str, Origin]:
    if not store.exists() or not is_migrated(store):
        return {}
    return {origin.city: origin for origin in Reader(store).origins()}


def _is_current(held: Origin | None, log: Origin) -> bool:
    if held is None:
        return log.size == 0
    return (held.size, held.root, held.to_revise) == (log.size, log.root, 0)
