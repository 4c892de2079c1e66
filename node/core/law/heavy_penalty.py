"""较重行政处罚: what penalty is heavy enough for the list of serious violations (order 44 Art 2)."""

from collections.abc import Iterable

from node.core.law.laws import Citation
from node.stubs.standard.v1 import penalty_pb2 as pb
from node.stubs.standard.v1.listing_pb2 import PenaltyLink

HEAVY_PENALTY = Citation("serious_list", "2")
_HEAVY = frozenset(
    (
        pb.PENALTY_KIND_QUALIFICATION_LOWERED,
        pb.PENALTY_KIND_LICENCE_REVOKED,
        pb.PENALTY_KIND_BUSINESS_RESTRICTED,
        pb.PENALTY_KIND_BUSINESS_SUSPENDED,
        pb.PENALTY_KIND_CLOSED,
        pb.PENALTY_KIND_OCCUPATION_RESTRICTED,
    )
)
# Heavy where the benchmark, or another law, says so.
_HEAVY_BY_CLAUSE = frozenset((pb.PENALTY_KIND_FINE, pb.PENALTY_KIND_OTHER))


def is_heavy(link: PenaltyLink) -> bool:
    """Whether a party may be listed for this penalty."""
    return bool(_HEAVY.intersection(link.kinds)) or (bool(link.heavy_by) and may_be_heavy(link.kinds))


def may_be_heavy(kinds: Iterable[int]) -> bool:
    """Whether a penalty of these kinds can be heavy, by itself or by a clause that an officer names."""
    return not (_HEAVY | _HEAVY_BY_CLAUSE).isdisjoint(kinds)
