"""How long a city keeps in its own store what it retracted, where no peer sees it any more. Data, not code.

No statute was found that gives a term for the file of an ended listing; the terms here follow the one for records of
sharing until a lawyer has compared them.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from types import MappingProxyType

from node.core.law.calendar import add_months
from node.core.law.legal_rules import vendored_rules

_MONTHS = 12
RETRACTED = ("listing.serious", "listing.abnormal", "listing.platform", "listing.hit", "alert", "penalty")
_RECORDS = "records.usage"
RETENTION: Mapping[str, str] = MappingProxyType(dict.fromkeys(RETRACTED, _RECORDS))
"""Standard -> the legal rule, in years, that says how long after its end it is kept; what is not named here is kept."""


EVIDENCE_KEPT = timedelta(days=180)
"""What a peer sent in an incident is kept so long, for somebody to take a copy of it; its SHA-256 stays."""


def kept_since(standard: str, day: date) -> date:
    """What ended on or after this day is still kept on `day`."""
    versions = vendored_rules().all_versions(RETENTION[standard])
    rule = next((version for version in versions if version.is_in_force(day)), versions[0])
    return add_months(day, -rule.limit * _MONTHS)
