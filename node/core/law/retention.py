"""How long a city keeps in its own store what it retracted, where no peer sees it any more. Data, not code.

No statute was found that gives a term for the file of an ended listing; the terms here follow the one for records of
sharing and are marked unsure until a lawyer has compared them.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from types import MappingProxyType
from typing import NamedTuple

from node.core.law.calendar import add_months
from node.core.law.laws import Citation

_MONTHS = 12


class Retention(NamedTuple):
    """Kept for `years` after it ended, by `law`."""

    years: int
    law: Citation


RETRACTED = ("listing.serious", "listing.abnormal", "listing.platform", "listing.hit", "alert", "penalty")
_RECORDS = Citation("data_sharing", "29", sure=False)
RETENTION: Mapping[str, Retention] = MappingProxyType({name: Retention(3, _RECORDS) for name in RETRACTED})
"""By standard; what is not named here is kept."""


EVIDENCE_KEPT = timedelta(days=180)
"""What a peer sent in an incident is kept so long, for somebody to take a copy of it; its SHA-256 stays."""


def kept_since(standard: str, day: date) -> date:
    """What ended on or after this day is still kept on `day`."""
    return add_months(day, -RETENTION[standard].years * _MONTHS)
