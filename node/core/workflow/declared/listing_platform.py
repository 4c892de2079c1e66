"""平台黑名单: a platform's own list of live-commerce practitioners, with term, appeal and an end by itself."""

from node.core.law.laws import Citation, Label, accord
from node.core.workflow.model import ANYONE, START, Act, Forbidden, Kind, NotBefore, Party, Role, Workflow
from node.core.workflow.terms import carry, reasons, records, retracts, starts, state, stops

_LIST = Citation("live_commerce", "14")
_PUBLISH = Citation("online_trade", "30")
_PLATFORM = ("platform",)
_BY_ITSELF = (Role.NODE, *ANYONE)

LISTING_PLATFORM = Workflow(
    name="listing.platform",
    label=Label("平台黑名单", "Platform's blacklist"),
    parties=(
        Party("origin", Label("接入城市", "city the platform is connected to")),
        Party("platform", Label("平台", "platform"), Kind.PLATFORM, "platform.name", at="origin"),
    ),
    states=(
        state("listed", "已列入", "listed"),
        state("notified", "已告知当事人", "practitioner notified"),
        state("appealed", "已申诉", "appealed"),
        state("upheld", "维持", "upheld"),
        state("removed", "已移出", "removed", final=True),
        state("expired", "期满自动移出", "expired", final=True),
    ),
    acts=(
        Act(
            "list",
            Label("列入", "list"),
            (START,),
            "listed",
            _PLATFORM,
            _LIST,
            roles=_BY_ITSELF,
            keeps=("until",),
            needs=(
                carry("platform.name", "平台", "platform", _LIST),
                carry("facts", "事实", "facts", _LIST),
                carry("basis", "依据", "basis", _LIST),
                reasons(_LIST),
                carry("until", "期限", "end of the term", _LIST),
                carry("appeal_route", "申诉途径", "route of appeal", _LIST),
            ),
            deadlines=(starts("platform.sanction_publication"),),
            makes=(records("listing.platform"),),
        ),
        Act(
            "publish",
            Label("公示处理措施", "publish the sanction"),
            ("listed", "notified", "appealed", "upheld"),
            None,
            _PLATFORM,
            _PUBLISH,
            roles=_BY_ITSELF,
            deadlines=(stops("platform.sanction_publication"),),
        ),
        Act(
            "notify",
            Label("告知当事人", "notify"),
            ("listed",),
            "notified",
            _PLATFORM,
            _LIST,
            roles=_BY_ITSELF,
            needs=(carry("facts", "事实", "facts", _LIST), carry("basis", "依据", "basis", _LIST), reasons(_LIST)),
        ),
        Act(
            "appeal",
            Label("申诉", "appeal"),
            ("listed", "notified", "upheld"),
            "appealed",
            _PLATFORM,
            _LIST,
            roles=_BY_ITSELF,
            decided_by=Label("当事人", "the practitioner"),
            needs=(reasons(_LIST),),
        ),
        Act(
            "uphold",
            Label("维持", "uphold"),
            ("appealed",),
            "upheld",
            _PLATFORM,
            _LIST,
            roles=_BY_ITSELF,
            needs=(reasons(_LIST),),
        ),
        Act(
            "remove",
            Label("移出", "remove"),
            ("listed", "notified", "appealed", "upheld"),
            "removed",
            _PLATFORM,
            _LIST,
            roles=_BY_ITSELF,
            needs=(reasons(_LIST),),
            makes=(retracts("listing.platform"),),
        ),
        Act(
            "expire",
            Label("期满自动移出", "expire"),
            ("listed", "notified", "appealed", "upheld"),
            "expired",
            ("origin", "platform"),
            _LIST,
            roles=(Role.NODE,),
            guards=(NotBefore("until", _LIST, Label("期限未满", "the term is not over"), days=1),),
            makes=(retracts("listing.platform"),),
        ),
    ),
    first=("remove", "expire"),
    concurrency=Label(
        "移出优先，其次期满；其余按记录编号。", "Removal goes first, then expiry; the rest by record id."
    ),
    forbidden=(
        Forbidden(
            "merge",
            Label("名单合并", "merge lists"),
            accord(),
            Label("三类名单互不合并", "the three lists are never merged"),
        ),
    ),
)
