"""APScheduler jobs built from the configuration. They hold no state: cursor and back-off are in the store."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

# Peers pulled from at the same time.
_WORKERS = 8
_FOLLOW_S = 1
_SCRUB_S = 600
# A job that comes late (APScheduler's default lets it fall after 1 s) is run as soon as there is a thread.
_GRACE_S = 3600


class Scheduler:
    """Pulls from each peer by interval and follows the operator's files."""

    def __init__(self, city: str, interval_s: float) -> None:
        self._city = city
        self._interval_s = interval_s
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(_WORKERS)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": _GRACE_S},
        )

    def follow(self, look: Callable[[], object]) -> None:
        """Calls `look` each second."""
        self._scheduler.add_job(look, "interval", seconds=_FOLLOW_S, id="follow", misfire_grace_time=_FOLLOW_S)

    def work(self, look: Callable[[], object]) -> None:
        """Calls `look` now, which may take long where there is much of it, and each second."""
        now = datetime.now(UTC)
        self._scheduler.add_job(look, "interval", seconds=_FOLLOW_S, id="work", next_run_time=now)

    def scrub(self, rewrite: Callable[[], object]) -> None:
        """Calls `rewrite` every ten minutes."""
        self._scheduler.add_job(rewrite, "interval", seconds=_SCRUB_S, id="scrub")

    def set_peers(self, cities: Iterable[str], pull: Callable[[str], None]) -> None:
        """Has a pull job for each of these peers and for no others."""
        wanted = {f"pull-{city}": city for city in cities}
        present = {job.id for job in self._scheduler.get_jobs() if job.id.startswith("pull-")}
        for job in present - wanted.keys():
            self._scheduler.remove_job(job)
        for job in wanted.keys() - present:
            self._scheduler.add_job(
                pull,
                "interval",
                args=(wanted[job],),
                seconds=self._interval_s,
                start_date=datetime.now(UTC) + timedelta(seconds=self.offset_s(wanted[job])),
                id=job,
            )

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
