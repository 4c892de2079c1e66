"""风险预警: a city warns the others; one that turns out unfounded is retracted as openly as it was given."""

from node.core.law.laws import Label, accord
from node.core.workflow.model import ANYONE, START, Act, Kind, NotBefore, Party, Role, Workflow
from node.core.workflow.terms import carry, drafts, reasons, retracts, state
from node.stubs.standard.v1 import alert_pb2

_LAW = accord()
_CITY = ("origin",)
_OPEN = ("issued", "reviewed")

ALERT = Workflow(
    name="alert",
    label=Label("风险预警", "Alert"),
    parties=(
        Party("origin", Label("预警城市", "warning city")),
        Party("member", Label("各成员城市", "every member"), Kind.MEMBER),
    ),
    states=(
        state("issued", "已发布", "issued"),
        state("reviewed", "复核后延续", "reviewed, still on"),
        state("withdrawn", "已撤回", "withdrawn", final=True),
        state("closed", "已结束", "closed", final=True),
        state("expired", "到期未复核", "lapsed without a review", final=True),
    ),
    acts=(
        Act(
            "issue",
            Label("发布预警", "issue"),
            (START,),
            "issued",
            _CITY,
            _LAW,
            binds=True,
            keeps=("review_on",),
            needs=(
                carry("severity", "严重程度", "severity", _LAW, alert_pb2.AlertSeverity.DESCRIPTOR),
                carry("facts", "事实", "facts", _LAW),
                carry("suggested_measures", "建议措施", "suggested measures", _LAW),
                carry("review_on", "复核日期", "review date", _LAW),
            ),
        ),
        Act("acknowledge", Label("签收", "acknowledge"), _OPEN, None, ("member",), _LAW, roles=(Role.NODE, *ANYONE)),
        Act(
            "follow_up",
            Label("处置反馈", "follow up"),
            _OPEN,
            None,
            ("member",),
            _LAW,
            roles=ANYONE,
            needs=(reasons(_LAW),),
            makes=(drafts("measure.request"),),
        ),
        Act(
            "review",
            Label("复核延续", "review and keep"),
            _OPEN,
            "reviewed",
            _CITY,
            _LAW,
            binds=True,
            keeps=("review_on",),
            needs=(reasons(_LAW), carry("review_on", "下次复核日期", "next review date", _LAW)),
        ),
        Act(
            "withdraw",
            Label("撤回不实预警", "withdraw as unfounded"),
            _OPEN,
            "withdrawn",
            _CITY,
            _LAW,
            binds=True,
            retracts=True,
            needs=(
                reasons(_LAW),
                carry("withdrawal", "撤回原因", "ground of withdrawal", _LAW, alert_pb2.WithdrawalGround.DESCRIPTOR),
            ),
            makes=(retracts("alert"),),
        ),
        Act("close", Label("结束预警", "close"), _OPEN, "closed", _CITY, _LAW, binds=True, needs=(reasons(_LAW),)),
        Act(
            "expire",
            Label("到期失效", "lapse"),
            _OPEN,
            "expired",
            _CITY,
            _LAW,
            roles=(Role.NODE,),
            guards=(NotBefore("review_on", _LAW, Label("未到复核日期", "the review date is not reached")),),
        ),
    ),
    first=("withdraw", "close", "review"),
    concurrency=Label(
        "撤回优先，其次结束、复核；其余按记录编号。",
        "Withdrawal goes first, then closing, review; the rest by record id.",
    ),
)
