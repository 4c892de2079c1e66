"""Platforms and the city each is connected to: who may speak in a platform's name, and where its operator has its seat.

A platform connects to one node. That city's card says so; every member takes the card over after a call, like a key.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Connected:
    """A platform that is connected to a city's node.

    Attributes:
        name: as records name it.
        seat: region of its operator's registered seat (住所地), which need not be that city; empty where not stated.
        since: first day; None from the beginning.
        until: last day; None while it is connected. What it did until then still counts.
    """

    name: str
    seat: str = ""
    since: date | None = None
    until: date | None = None

    def covers(self, day: date) -> bool:
        """Whether it was connected on a day."""
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)

    def overlaps(self, other: "Connected") -> bool:
        """Whether both say that the platform was connected on one and the same day."""
        return self.name == other.name and _begins_by(self, other.until) and _begins_by(other, self.until)

    @property
    def text(self) -> str:
        """What the card's fingerprint is taken over."""
        return "\t".join(("platform", self.name, self.seat, *(day.isoformat() if day else "" for day in self._term)))

    @property
    def _term(self) -> tuple[date | None, date | None]:
        return self.since, self.until


@dataclass(frozen=True)
class Connections:
    """Which platform is connected to which city; equal where every city has the same."""

    by_city: Mapping[str, tuple[Connected, ...]]

    def speaks_for(self, city: str, platform: str, day: date) -> bool:
        """Whether a record of this city may speak in the platform's name: it was connected there on that day."""
        return any(connected.name == platform and connected.covers(day) for connected in self.by_city.get(city, ()))

    def city_of(self, platform: str, day: date) -> str:
        """The city it is connected to; empty where no card names it."""
        return next((city for city in self.by_city if self.speaks_for(city, platform, day)), "")

    def seat_of(self, platform: str) -> str:
        """The region of its operator's seat; empty where no card states it."""
        return next(
            (connected.seat for known in self.by_city.values() for connected in known if connected.name == platform),
            "",
        )


def _begins_by(each: Connected, day: date | None) -> bool:
    return each.since is None or day is None or each.since <= day
