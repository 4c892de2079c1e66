"""经营异常名录: a reminder, not a punishment; it ends when its cause does."""

from node.core.law.laws import Citation, Label, accord
from node.core.workflow.model import ANYONE, START, Act, Forbidden, Party, Workflow
from node.core.workflow.terms import carry, document, number, reasons, records, retracts, state
from node.stubs.standard.v1 import listing_pb2


def _law(number_: str) -> Citation:
    return Citation("abnormal_list", number_, sure=False)


_CITY = ("origin",)

LISTING_ABNORMAL = Workflow(
    name="listing.abnormal",
    label=Label("经营异常名录", "Abnormal list"),
    parties=(Party("origin", Label("列入机关", "listing city")),),
    states=(
        state("listed", "已列入", "listed"),
        state("applied", "已申请移出", "removal applied for"),
        state("removed", "已移出", "removed", final=True),
        state("revoked", "更正撤销", "revoked", final=True),
    ),
    acts=(
        Act(
            "list",
            Label("列入", "list"),
            (START,),
            "listed",
            _CITY,
            _law("4"),
            binds=True,
            needs=(
                carry("grounds", "列入情形", "ground", _law("4"), listing_pb2.AbnormalGround.DESCRIPTOR),
                carry("decision_number", "列入决定书文号", "decision number", _law("4")),
                carry("facts", "事实", "facts", _law("4")),
                carry("remedies", "救济途径", "remedies", _law("4")),
            ),
            makes=(records("listing.abnormal"),),
        ),
        Act(
            "apply",
            Label("申请移出", "apply for removal"),
            ("listed",),
            "applied",
            _CITY,
            _law("10"),
            roles=ANYONE,
            decided_by=Label("当事人", "the operator"),
            needs=(document("移出申请书", "application for removal", _law("10")),),
        ),
        Act(
            "refuse",
            Label("不予移出", "refuse removal"),
            ("applied",),
            "listed",
            _CITY,
            _law("10"),
            binds=True,
            needs=(reasons(_law("10")),),
        ),
        Act(
            "remove",
            Label("移出", "remove"),
            ("listed", "applied"),
            "removed",
            _CITY,
            _law("10"),
            binds=True,
            needs=(number(_law("10")), reasons(_law("10"))),
            makes=(retracts("listing.abnormal"),),
        ),
        Act(
            "revoke",
            Label("更正", "correct"),
            ("listed", "applied"),
            "revoked",
            _CITY,
            _law("12"),
            binds=True,
            needs=(reasons(_law("12")),),
            makes=(retracts("listing.abnormal"),),
        ),
    ),
    first=("revoke", "remove"),
    concurrency=Label(
        "更正优先，其次移出；其余按记录编号。", "Correction goes first, then removal; the rest by record id."
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
