"""APScheduler jobs built from the configuration. They hold no state: cursor and back-off are in the store.

The schedule runs on the machine's monotonic clock: whoever puts the wall clock right, by seconds or by years, neither
stops a job nor makes one run for every turn that it "missed". See docs/decisions/0018-monotonic-schedule.md.
"""

import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta, tzinfo
from hashlib import sha256

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

_log = structlog.get_logger(__name__)
# Peers pulled from at the same time.
_WORKERS = 8
_FOLLOW_S = 1
_SCRUB_S = 600
_BACKUP_S = 60


class MonotonicZone(tzinfo):
    """A time zone whose "now" is the monotonic clock.

    APScheduler takes the time from `datetime.now(zone)`, which asks the zone what the wall clock's UTC is there; this
    one answers with the seconds of the monotonic clock, counted from 1970. Its times are compared with each other only.
    """

    def fromutc(self, _: datetime) -> datetime:
        """The monotonic clock, whatever the wall clock says."""
        return datetime(1970, 1, 1, tzinfo=self) + timedelta(seconds=time.monotonic())

    def utcoffset(self, _: datetime | None) -> timedelta:
        """None: its times convert as they are."""
        return timedelta()

    def dst(self, _: datetime | None) -> timedelta:
        """None."""
        return timedelta()

    def tzname(self, _: datetime | None) -> str:
        """For APScheduler's own messages."""
        return "monotonic"


class Every(BaseTrigger):  # type: ignore[misc]
    """Every `interval_s` seconds, the first time after `first_s`. Turns that could not be kept are left out."""

    def __init__(self, interval_s: float, first_s: float | None = None) -> None:
        self._interval = timedelta(seconds=interval_s)
        self._first = self._interval if first_s is None else timedelta(seconds=first_s)

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """The next turn: never before `now`, and in step with the turns before."""
        if previous_fire_time is None:
            return now + self._first
        turns = max(1, -((previous_fire_time - now) // self._interval))
        return previous_fire_time + turns * self._interval


class Scheduler:
    """Pulls from each peer by interval and follows the operator's files."""

    def __init__(self, city: str, interval_s: float) -> None:
        self._city = city
        self._interval_s = interval_s
        self._scheduler = BackgroundScheduler(
            timezone=MonotonicZone(),
            executors={"default": ThreadPoolExecutor(_WORKERS)},
            # A job that comes late is run as soon as there is a thread (APScheduler would measure by the wall clock).
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

    def follow(self, look: Callable[[], object]) -> None:
        """Calls `look` each second."""
        self._scheduler.add_job(_turn, Every(_FOLLOW_S), args=("follow", look), id="follow")

    def work(self, look: Callable[[], object]) -> None:
        """Calls `look` now, which may take long where there is much of it, and each second."""
        self._scheduler.add_job(_turn, Every(_FOLLOW_S, first_s=0), args=("work", look), id="work")

    def backup(self, look: Callable[[], object]) -> None:
        """Calls `look` each minute."""
        self._scheduler.add_job(_turn, Every(_BACKUP_S), args=("backup", look), id="backup")

    def scrub(self, rewrite: Callable[[], object]) -> None:
        """Calls `rewrite` every ten minutes."""
        self._scheduler.add_job(_turn, Every(_SCRUB_S), args=("scrub", rewrite), id="scrub")

    def set_peers(self, cities: Iterable[str], pull: Callable[[str], None]) -> None:
        """Has a pull job for each of these peers and for no others."""
        wanted = {f"pull-{city}": city for city in cities}
        present = {job.id for job in self._scheduler.get_jobs() if job.id.startswith("pull-")}
        for job in present - wanted.keys():
            self._scheduler.remove_job(job)
        for job in wanted.keys() - present:
            turn = Every(self._interval_s, first_s=self.offset_s(wanted[job]))
            self._scheduler.add_job(_turn, turn, args=(job, pull, wanted[job]), id=job)

    def offset_s(self, peer: str) -> float:
        """When in the interval a peer's turn is: stable, and other for each pair of cities."""
        share = int.from_bytes(sha256(f"{self._city}>{peer}".encode()).digest()[:4], "big") / 2**32
        return share * self._interval_s

    def start(self) -> None:
        """Runs the jobs from now on."""
        self._scheduler.start()

    def stop(self) -> None:
        """Takes up no more jobs; does not wait for those under way."""
        self._scheduler.shutdown(wait=False)


def _turn(job: str, run: Callable[..., object], *about: str) -> None:
    began_s = time.perf_counter()
    try:
        run(*about)
    finally:
        _log.debug("turn", job=job, ms=round((time.perf_counter() - began_s) * 1000, 1))
