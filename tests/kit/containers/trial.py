"""Six cities in containers that faults are tried on, one after the other."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from node.testing import Acknowledged, Load, SixCities
from node.testing.containers import ContainerCity


class Trial:
    """Remembers what was acknowledged and who lied, over all faults so far.

    Attributes:
        liars: Cities whose lies were found out.
    """

    def __init__(self, cities: SixCities, image: str) -> None:
        self.cities = cities
        self.image = image
        self.acknowledged: list[Acknowledged] = []
        self.liars: set[str] = set()

    def __getitem__(self, slug: str) -> ContainerCity:
        return cast(ContainerCity, self.cities[slug])

    def others(self, *but: str) -> list[ContainerCity]:
        return [self[slug] for slug in self.cities if slug not in but]

    @contextmanager
    def load(self, seed: int = 0) -> Iterator[Load]:
        """Rows are handed in at every city meanwhile; afterwards everything must come to hold."""
        with Load(self.cities.values(), seed, rows=3) as load:
            yield load
        self.acknowledged += load.acknowledged
        self.check()

    def check(self, settle_s: float = 90) -> None:
        self.cities.settle(settle_s)
        self.cities.check(self.acknowledged, self.liars)
