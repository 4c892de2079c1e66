"""What a running node holds of its machine, how that grows, and how much it may."""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from node.config import Config

MIB = 1 << 20


class Bound(NamedTuple):
    """How much a figure may grow by the hour; growth within `noise`, over the whole time, is none."""

    per_hour: float
    noise: float


BOUNDS = {
    "rss_mib": Bound(per_hour=30, noise=24),
    "files": Bound(per_hour=20, noise=12),
    "threads": Bound(per_hour=10, noise=8),
    "wal_mib": Bound(per_hour=16, noise=16),
}
# At first caches fill, and threads are made as they are needed.
WARM_UP = 0.4


class Slope(NamedTuple):
    """A figure of one process or file over time; `growth` is that of the whole time but the warm-up."""

    city: str
    what: str
    figure: str
    first: float
    last: float
    most: float
    per_hour: float
    growth: float

    @property
    def is_flat(self) -> bool:
        bound = BOUNDS[self.figure]
        return self.per_hour <= bound.per_hour or self.growth <= bound.noise


Key = tuple[str, str, str]
Sample = tuple[float, dict[Key, float]]


def sample(configs: Iterable[Config]) -> dict[Key, float]:
    """(city, process or file, figure) to its value now."""
    return {key: value for config in configs for key, value in _of_node(config)}


def _of_node(config: Config) -> Iterator[tuple[Key, float]]:
    for role, process in _processes(config):
        told = dict(line.split(":", 1) for line in (process / "status").read_text("utf-8").splitlines())
        yield (config.city, role, "rss_mib"), int(told["VmRSS"].split()[0]) / 1024
        yield (config.city, role, "threads"), int(told["Threads"])
        yield (config.city, role, "files"), len(os.listdir(process / "fd"))  # noqa: PTH208 - of /proc
    for wal in sorted(config.data_dir.glob("*.db-wal")):
        yield (config.city, wal.name, "wal_mib"), wal.stat().st_size / MIB


def _processes(config: Config) -> Iterator[tuple[str, Path]]:
    """The processes of a node: role and folder under /proc."""
    folder = str(config.data_dir.parent)
    for process in sorted(Path("/proc").glob("[0-9]*")):
        try:
            words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:  # ended meanwhile
            continue
        if folder in words and "run" in words:
            yield words[words.index("--role") + 1] if "--role" in words else "supervisor", process


def slopes(samples: Sequence[Sample]) -> list[Slope]:
    """By least squares, for every figure that was there throughout what follows the warm-up."""
    begin = samples[0][0] + (samples[-1][0] - samples[0][0]) * WARM_UP
    kept = [each for each in samples if each[0] >= begin]
    keys = sorted(set.intersection(*(set(values) for _, values in kept)))
    return [_slope(key, [(at_s, values[key]) for at_s, values in kept]) for key in keys]


def _slope(key: Key, points: Sequence[tuple[float, float]]) -> Slope:
    count = len(points)
    mean_s, mean = sum(at_s for at_s, _ in points) / count, sum(value for _, value in points) / count
    spread = sum((at_s - mean_s) ** 2 for at_s, _ in points)
    per_s = sum((at_s - mean_s) * (value - mean) for at_s, value in points) / spread if spread else 0.0
    values = [value for _, value in points]
    growth = per_s * (points[-1][0] - points[0][0])
    return Slope(*key, values[0], values[-1], max(values), per_s * 3600, growth)
