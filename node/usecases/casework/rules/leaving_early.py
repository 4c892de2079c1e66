"""Who may leave the list of serious violations before the term is over (order 44 Art 16)."""

from collections.abc import Collection, Iterator

from node.core.law.heavy_penalty import is_heavy
from node.core.law.listing_term import EARLY_REMOVAL, RESTRICTED, SERIOUS, may_leave_early, restriction_of, stated_day
from node.core.workflow.declared import WORKFLOWS
from node.core.workflow.model import NotBefore
from node.core.workflow.rules import Broken
from node.errors import Reason
from node.stubs.standard.v1.listing_pb2 import ListingSerious, PenaltyLink
from node.usecases.casework.products import penalties_since
from node.usecases.casework.rules.candidate import Candidate, Knowledge

# What the party shows: it did what the penalty demands, and undid the harm.
_SHOWN = ("履行义务证明", "消除危害后果证明")
_WAIT = next(
    guard
    for guard in WORKFLOWS[SERIOUS].act["remove_early"].guards
    if isinstance(guard, NotBefore) and guard.rule == EARLY_REMOVAL
)


def broken_by_leaving_early(
    known: Knowledge, candidate: Candidate, listing: ListingSerious, subjects: Collection[str]
) -> Iterator[Broken]:
    """After a year, without a restriction that still runs, with duties done, harm undone and no new heavy penalty.

    Args:
        known: by the node.
        candidate: an act of the repair.
        listing: that is to be left.
        subjects: the keys of the party's penalties.
    """
    law, today = _WAIT.law, candidate.today
    decided_on = stated_day(listing.decided_on)
    if decided_on is not None and not may_leave_early(decided_on, today):
        yield candidate.breaks(EARLY_REMOVAL, law, _WAIT.label.zh, _WAIT.label.en, Reason.ACT_TOO_EARLY)
    if (restricted := restriction_of(listing)) >= today.isoformat():
        zh, en = f"限制从业、限制经营至{restricted}，期限未满", f"its business is restricted until {restricted}"
        yield candidate.breaks(RESTRICTED, law, zh, en, Reason.ACT_TOO_EARLY)
    if any(
        is_heavy(PenaltyLink(kinds=made.kinds)) for made in penalties_since(known.store, subjects, listing.decided_on)
    ):
        zh, en = "列入后再次受到较重行政处罚", "it was given a heavy penalty again since it was listed"
        yield candidate.breaks("new_penalty", law, zh, en)
    for title in _SHOWN if candidate.act.opens else ():
        if not candidate.fact.documents.get(title):
            yield candidate.breaks(title, law, f"缺少：{title}", f"lacks the proof {title}", Reason.ACT_INCOMPLETE)
