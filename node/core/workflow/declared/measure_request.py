"""平台处置请求: a city asks a platform to act; with basis, facts, end date and route of appeal, or not at all."""

from node.core.law.laws import Citation, Label, accord
from node.core.workflow.model import ANYONE, START, Act, Forbidden, Kind, NotBefore, Party, Role, Workflow
from node.core.workflow.terms import carry, reasons, starts, state, stops
from node.stubs.standard.v1 import measure_pb2

_LAW = Citation("online_trade", "29", sure=False)
_PUBLISH = Citation("online_trade", "30")
_CITY = ("origin",)
_PLATFORM = ("platform",)
_BY_ITSELF = (Role.NODE, *ANYONE)
# Without an end date the review date is one: what nobody renews by then is lifted by itself.
_END = "ends_on|review_on"
_RUNNING = ("executed", "partial", "operator_notified", "appealed", "reviewed", "maintained")


MEASURE_REQUEST = Workflow(
    name="measure.request",
    label=Label("平台处置请求", "Request to a platform"),
    parties=(
        Party("origin", Label("请求机关", "requesting city")),
        Party("connected", Label("平台接入城市", "city the platform is connected to"), bound_by="platform_city"),
        Party("platform", Label("平台", "platform"), Kind.PLATFORM, "target.platform.name", at="connected"),
    ),
    states=(
        state("issued", "已发出", "issued"),
        state("acked", "平台已签收", "acknowledged"),
        state("executed", "已执行", "executed"),
        state("partial", "部分执行", "executed in part"),
        state("refused", "平台拒绝", "refused"),
        state("operator_notified", "已告知经营者", "operator notified"),
        state("appealed", "已申诉", "appealed"),
        state("reviewed", "已复核", "reviewed"),
        state("maintained", "维持", "maintained"),
        state("lifted", "已解除", "lifted", final=True),
        state("expired", "期满解除", "expired", final=True),
        state("withdrawn", "已撤回", "withdrawn", final=True),
    ),
    acts=(
        Act(
            "issue",
            Label("发出请求", "issue"),
            (START,),
            "issued",
            _CITY,
            _LAW,
            binds=True,
            keeps=(_END,),
            needs=(
                carry("number", "文号", "number", _LAW),
                carry("legal_basis", "法律依据", "legal basis", _LAW),
                carry("target.platform.name", "平台", "platform", _LAW),
                carry("platform_city", "平台接入城市", "city the platform is connected to", accord()),
                carry("target.store|target.url|target.sku|target.product", "处置对象", "target", _LAW),
                carry("measures", "处置措施", "measures", _LAW, measure_pb2.PlatformMeasure.DESCRIPTOR),
                carry("facts", "事实", "facts", _LAW),
                carry(_END, "截止或复核日期", "end or review date", accord()),
                carry("proportionality", "比例性说明", "note on proportionality", accord()),
                carry("appeal_route", "申诉途径", "route of appeal", accord()),
            ),
        ),
        Act("ack", Label("签收", "acknowledge"), ("issued",), "acked", _PLATFORM, _LAW, roles=_BY_ITSELF),
        Act(
            "execute",
            Label("执行", "execute"),
            ("acked", "partial"),
            "executed",
            _PLATFORM,
            _LAW,
            roles=_BY_ITSELF,
            deadlines=(starts("platform.sanction_publication"),),
        ),
        Act(
            "execute_in_part",
            Label("部分执行", "execute in part"),
            ("acked",),
            "partial",
            _PLATFORM,
            _LAW,
            roles=_BY_ITSELF,
            needs=(
                reasons(_LAW),
                carry("executed", "已执行的措施", "measures executed", _LAW, measure_pb2.PlatformMeasure.DESCRIPTOR),
            ),
            deadlines=(starts("platform.sanction_publication"),),
        ),
        Act(
            "refuse",
            Label("拒绝", "refuse"),
            ("acked",),
            "refused",
            _PLATFORM,
            _LAW,
            roles=_BY_ITSELF,
            needs=(reasons(_LAW),),
        ),
        Act(
            "insist",
            Label("说明理由后再次请求", "ask again with reasons"),
            ("refused",),
            "acked",
            _CITY,
            _LAW,
            binds=True,
            needs=(reasons(_LAW),),
        ),
        Act(
            "publish",
            Label("平台公示", "publish the sanction"),
            _RUNNING,
            None,
            _PLATFORM,
            _PUBLISH,
            roles=_BY_ITSELF,
            deadlines=(stops("platform.sanction_publication"),),
        ),
        Act(
            "notify_operator",
            Label("告知经营者", "notify the operator"),
            ("executed", "partial"),
            "operator_notified",
            _PLATFORM,
            accord(),
            roles=_BY_ITSELF,
            needs=(
                carry("notice.facts", "告知的事实", "facts told", accord()),
                carry("notice.reasons", "告知的理由", "reasons told", accord()),
                carry("notice.basis", "告知的依据", "basis told", accord()),
            ),
        ),
        Act(
            "appeal",
            Label("转交申诉", "pass on an appeal"),
            ("executed", "partial", "operator_notified", "maintained"),
            "appealed",
            ("platform", "origin"),
            accord(),
            roles=_BY_ITSELF,
            decided_by=Label("经营者", "the operator"),
            needs=(reasons(accord()),),
        ),
        Act(
            "review",
            Label("人工复核", "review"),
            ("appealed",),
            "reviewed",
            _CITY,
            accord(),
            needs=(reasons(accord()),),
        ),
        Act(
            "lift",
            Label("解除", "lift"),
            ("issued", "acked", "refused", *_RUNNING),
            "lifted",
            _CITY,
            accord(),
            binds=True,
            needs=(reasons(accord()),),
        ),
        Act(
            "lift_in_part",
            Label("部分解除", "lift in part"),
            ("reviewed", "maintained"),
            "maintained",
            _CITY,
            accord(),
            binds=True,
            keeps=(_END,),
            needs=(
                reasons(accord()),
                carry("lifted", "解除的措施", "measures lifted", _LAW, measure_pb2.PlatformMeasure.DESCRIPTOR),
                carry(_END, "截止或复核日期", "end or review date", accord()),
            ),
        ),
        Act(
            "maintain",
            Label("维持", "maintain"),
            ("reviewed", "operator_notified"),
            "maintained",
            _CITY,
            accord(),
            binds=True,
            keeps=(_END,),
            needs=(reasons(accord()), carry(_END, "截止或复核日期", "end or review date", accord())),
        ),
        Act(
            "expire",
            Label("期满解除", "expire"),
            ("issued", "acked", "refused", *_RUNNING),
            "expired",
            ("origin", "platform"),
            accord(),
            roles=(Role.NODE,),
            guards=(NotBefore(_END, accord(), Label("措施期限未满", "the term is not over"), days=1),),
        ),
        Act(
            "withdraw",
            Label("撤回请求", "withdraw"),
            ("issued", "acked", "refused"),
            "withdrawn",
            _CITY,
            accord(),
            binds=True,
            needs=(reasons(accord()),),
        ),
    ),
    first=("lift", "expire", "withdraw"),
    concurrency=Label(
        "解除优先，其次期满、撤回：限制宁可早止；其余按记录编号。",
        "Lifting goes first, then expiry and withdrawal: a restriction rather ends early; the rest by record id.",
    ),
    forbidden=(
        Forbidden(
            "freeze_funds",
            Label("冻结资金", "freeze funds"),
            _LAW,
            Label(
                "平台措施限于功能，不得冻结资金", "a platform restricts functions; it never freezes funds for a city"
            ),
        ),
    ),
)
