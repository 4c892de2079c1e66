"""名单命中: the software finds, an officer confirms, and only then the city that listed is told."""

from node.core.law.laws import Label, accord
from node.core.workflow.model import ANYONE, START, Act, Party, Role, Workflow
from node.core.workflow.terms import carry, drafts, reasons, retracts, state
from node.stubs.standard.v1 import listing_pb2

_LAW = accord()
_CITY = ("origin",)
# The standard has no code for a name: a name alone never hits.
LISTING_HIT = Workflow(
    name="listing.hit",
    label=Label("名单命中", "Hit on a list"),
    parties=(
        Party("origin", Label("筛查城市", "screening city")),
        Party("listing", Label("列入机关", "listing city"), bound_by="listing", by_record=True),
    ),
    states=(
        state("screened", "待确认", "screened"),
        state("confirmed", "已确认", "confirmed"),
        state("dismissed", "已排除", "dismissed", final=True),
        state("told", "已告知列入机关", "listing city told"),
        state("noted", "列入机关已阅", "noted by the listing city"),
        state("withdrawn", "已撤回", "withdrawn", final=True),
    ),
    acts=(
        Act(
            "screen",
            Label("筛查命中", "screen"),
            (START,),
            "screened",
            _CITY,
            _LAW,
            roles=(Role.NODE, *ANYONE),
            internal=True,
            needs=(
                carry("matched_on", "命中标识", "key that matched", _LAW, listing_pb2.MatchKey.DESCRIPTOR),
                carry("listing", "命中名单记录", "listing record", _LAW),
            ),
        ),
        Act("confirm", Label("人工确认", "confirm"), ("screened",), "confirmed", _CITY, _LAW, internal=True),
        Act(
            "dismiss",
            Label("排除", "dismiss"),
            ("screened", "confirmed"),
            "dismissed",
            _CITY,
            _LAW,
            internal=True,
            needs=(reasons(_LAW),),
        ),
        Act(
            "tell",
            Label("告知列入机关", "tell the listing city"),
            ("confirmed",),
            "told",
            _CITY,
            _LAW,
            discloses=True,
            needs=(
                carry("matched_on", "命中标识", "key that matched", _LAW, listing_pb2.MatchKey.DESCRIPTOR),
                carry("listing", "命中名单记录", "listing record", _LAW),
            ),
        ),
        Act("note", Label("已阅", "note"), ("told",), "noted", ("listing",), _LAW, roles=ANYONE),
        Act(
            "request_measure",
            Label("提请平台处置", "ask a platform to act"),
            ("told", "noted"),
            None,
            _CITY,
            _LAW,
            makes=(drafts("measure.request"),),
        ),
        Act(
            "withdraw",
            Label("撤回命中", "withdraw"),
            ("told", "noted"),
            "withdrawn",
            _CITY,
            _LAW,
            retracts=True,
            needs=(reasons(_LAW),),
            makes=(retracts("listing.hit"),),
        ),
    ),
    first=("withdraw", "dismiss"),
    concurrency=Label("撤回、排除优先；其余按记录编号。", "Withdrawal and dismissal go first; the rest by record id."),
)
