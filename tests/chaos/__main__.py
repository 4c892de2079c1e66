"""`make chaos`: a seeded mix of everything that can go wrong, under load, and the checker at the end.

The seed decides what happens to whom, when and for how long; the machine decides what the nodes are doing then.
"""

import argparse
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from random import Random, SystemRandom
from typing import NamedTuple

from node.folder.founding import CAPITALS
from node.storage.sqlite.reader import Reader
from node.testing import Ground, Load, standing
from node.testing.containers import IMAGE
from node.whole_file import write_file
from tests.kit.containers import links
from tests.kit.containers.faults import flooding, lying, on_small_disk, prepare_certificate, use_certificate
from tests.kit.containers.trial import Trial
from tests.kit.small_disk import fill

_LAST_S = (1.0, 6.0)
_GAP_S = (0.3, 2.5)
_LIES = ("signature_altered", "random_bytes", "no_checkpoint")
_NOTHING_SHARED = "city: {city}\nrules: []\n"


class Step(NamedTuple):
    """One fault: what happens to whom, how long after the one before, and for how long."""

    name: str
    cities: tuple[str, ...]
    after_s: float
    lasts_s: float
    seed: int


Fault = Callable[[Trial, Step], AbstractContextManager[object]]


@contextmanager
def _killed(trial: Trial, step: Step) -> Iterator[None]:
    trial[step.cities[0]].kill()
    yield
    trial[step.cities[0]].start()


@contextmanager
def _stopped(trial: Trial, step: Step) -> Iterator[None]:
    trial[step.cities[0]].stop()
    yield
    trial[step.cities[0]].start()


@contextmanager
def _off(trial: Trial, step: Step) -> Iterator[None]:
    trial[step.cities[0]].set_clock(600 if step.seed % 2 else -600)
    yield
    trial[step.cities[0]].set_clock(0)


@contextmanager
def _full(trial: Trial, step: Step) -> Iterator[None]:
    with on_small_disk(trial[step.cities[0]]) as filler:
        fill(filler)
        yield
        filler.unlink()


@contextmanager
def _lying(trial: Trial, step: Step) -> Iterator[None]:
    trial.liars.add(step.cities[0])
    with lying(trial[step.cities[0]], _LIES[step.seed % len(_LIES)], trial.image):
        yield


@contextmanager
def _rotated(trial: Trial, step: Step) -> Iterator[None]:
    prepare_certificate(trial.cities, step.cities[0])
    yield
    use_certificate(trial.cities, step.cities[0])


@contextmanager
def _shares_nothing(trial: Trial, step: Step) -> Iterator[None]:
    path = trial[step.cities[0]].config.policy
    shares = path.read_bytes()
    write_file(path, _NOTHING_SHARED.format(city=step.cities[0]).encode())
    yield
    write_file(path, shares)


FAULTS: Mapping[str, tuple[int, Fault]] = {
    "killed": (1, _killed),
    "stopped": (1, _stopped),
    "cut off": (1, lambda trial, step: links.split([trial[slug] for slug in step.cities])),
    "split 3/3": (3, lambda trial, step: links.split([trial[slug] for slug in step.cities])),
    "deaf": (2, lambda trial, step: links.deaf(trial[step.cities[0]], trial[step.cities[1]])),
    "lossy": (1, lambda trial, step: links.lossy(trial[step.cities[0]])),
    "slow": (1, lambda trial, step: links.slow(trial[step.cities[0]])),
    "late": (1, lambda trial, step: links.late(trial[step.cities[0]], trial.others(*step.cities), seed=step.seed)),
    "flapping": (1, lambda trial, step: links.flapping(trial[step.cities[0]], 0.5)),
    "disk full": (1, _full),
    "clock off": (1, _off),
    "certificate rotated": (1, _rotated),
    "lying": (1, _lying),
    "flooded": (2, lambda trial, step: flooding(trial[step.cities[0]], trial[step.cities[1]])),
    "shares nothing": (1, _shares_nothing),
}
"""How many cities a fault is about, and the fault: entered it begins, left it is over."""


def plan(seed: int, seconds: float) -> list[Step]:
    """The steps of a seed: every fault once in random order, then again, until the time is over."""
    random = Random(seed)
    steps: list[Step] = []
    at_s = 0.0
    while at_s < seconds:
        for name in random.sample(sorted(FAULTS), len(FAULTS)):
            cities = tuple(random.sample(sorted(CAPITALS), FAULTS[name][0]))
            steps.append(Step(name, cities, random.uniform(*_GAP_S), random.uniform(*_LAST_S), random.randrange(1000)))
            at_s += steps[-1].after_s
    return steps


class Chaos:
    """Runs a plan: a city suffers one fault at a time, different cities different ones."""

    def __init__(self, trial: Trial, say: Callable[[str], None]) -> None:
        self._trial = trial
        self._say = say
        self._busy = {slug: threading.Lock() for slug in trial.cities}
        self._begun_s = time.monotonic()
        self.done: list[str] = []

    def run(self, seed: int, seconds: float) -> None:
        """Goes through the plan of a seed for so many seconds, ends every fault and lets the checker judge.

        Raises:
            AssertionError: Names what is violated.
        """
        with ThreadPoolExecutor(len(self._busy)) as pool:
            with Load(self._trial.cities.values(), seed) as load:
                running = list(self._begin(plan(seed, seconds), seconds, pool))
                for step in running:
                    step.result()
            self._forgive()
        self._trial.acknowledged += load.acknowledged
        self._say(
            f"all is over; {len(load.acknowledged)} records acknowledged, refused meanwhile: {dict(load.refused)}"
        )
        self._trial.check(settle_s=180)

    def _begin(self, steps: list[Step], seconds: float, pool: ThreadPoolExecutor) -> Iterator[Future[None]]:
        for step in steps:
            time.sleep(step.after_s)
            for slug in sorted(step.cities):
                self._busy[slug].acquire()
            if time.monotonic() - self._begun_s > seconds:
                for slug in step.cities:
                    self._busy[slug].release()
                return
            yield pool.submit(self._suffer, step)

    def _suffer(self, step: Step) -> None:
        who = ", ".join(step.cities)
        try:
            self._tell(f"{step.name}: {who}")
            with FAULTS[step.name][1](self._trial, step):
                time.sleep(step.lasts_s)
            self._tell(f"over: {step.name}: {who}")
            self.done.append(step.name)
        finally:
            for slug in step.cities:
                self._busy[slug].release()

    def _forgive(self) -> None:
        """Releases the liars, who tell the truth again."""
        for city in self._trial.others():
            for liar in self._trial.liars - {city.slug}:
                if Reader(city.store).peers.state(liar).frozen:
                    city.release(liar)

    def _tell(self, what: str) -> None:
        self._say(f"{time.monotonic() - self._begun_s:6.1f} s  {what}")


def main() -> int:
    """Prints the seed, the timeline and the verdict."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=180)
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(10**6))
    parser.add_argument("--image", default=os.environ.get("GONGZHI_IMAGE", IMAGE))
    told = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # an exception, so that no container is left behind
    replay = f"make chaos SEED={told.seed} SECONDS={told.seconds:g}"
    print(f"seed {told.seed}: {replay}", flush=True)
    base = tempfile.TemporaryDirectory(prefix="gongzhi-chaos-")
    with base, standing(Ground.CONTAINERS, Path(base.name), image=told.image) as cities:
        chaos = Chaos(Trial(cities, told.image), lambda text: print(text, flush=True))
        try:
            chaos.run(told.seed, told.seconds)
        except (AssertionError, TimeoutError) as error:
            print(f"{error}\nagain: {replay}", file=sys.stderr)
            return 1
    print(f"everything holds after {len(chaos.done)} faults of {len(set(chaos.done))} kinds (seed {told.seed})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
