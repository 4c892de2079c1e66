"""投诉: settlement first, then mediation. A complaint is not a report, and software never rejects one."""

from node.core.law.laws import Citation, Label, accord
from node.core.workflow.declared.complaint_hand_over import HAND_OVER_ACTS
from node.core.workflow.model import ANYONE, START, Act, Forbidden, Party, Role, Workflow
from node.core.workflow.terms import carry, document, drafts, reasons, resumes, starts, state, stops, suspends
from node.stubs.standard.v1 import complaint_pb2


def _law(number: str, *, sure: bool = True) -> Citation:
    return Citation("complaints_2026", number, sure)


_REJECTION = _law("16", sure=False)
_TERMINATION = _law("24", sure=False)
_ACCEPTANCE = _law("15")
_MEDIATION = _law("23")
# What makes a clue a case is penalty procedure, not the order on complaints.
_CLUE = Citation("penalty_procedure", "18")
_CITY = ("origin",)
# Who handles it: the city that received it, or the one it was handed over to.
_HANDLER = ("handler",)
_EITHER = ("handler", "origin")


COMPLAINT = Workflow(
    name="complaint",
    label=Label("投诉处理", "Complaint"),
    parties=(
        Party("origin", Label("收到投诉的机关", "city that received it")),
        Party("handler", Label("办理机关", "city that handles it")),
    ),
    states=(
        state("settling", "先行和解", "settlement first"),
        state("settled", "和解成功", "settled", final=True),
        state("received", "已收到", "received"),
        state("identity_supplement", "补正材料", "material asked for"),
        state("accepted", "已受理", "accepted"),
        state("rejected", "不予受理", "rejected"),
        state("mediating", "调解中", "mediating"),
        state("testing", "检测鉴定中", "testing"),
        state("agreed", "达成调解协议", "agreed"),
        state("terminated", "终止调解", "terminated"),
        state("notified", "已告知", "notified"),
        state("follow_up", "已回访", "followed up", final=True),
        state("withdrawn", "投诉人撤回", "withdrawn", final=True),
        state("handed_over", "决定移交", "to be handed over"),
        state("passed_on", "已移交", "handed over"),
        state("returned", "已退回", "given back", final=True),
    ),
    acts=(
        Act(
            "open_settlement",
            Label("转入绿色通道先行和解", "offer settlement first"),
            (START,),
            "settling",
            _CITY,
            _law("6"),
            roles=ANYONE,
            is_dated=True,
            needs=(carry("number_12315", "12315编号", "12315 number", accord()),),
            deadlines=(starts("complaint.settlement"),),
        ),
        Act(
            "settle",
            Label("和解成功", "settle"),
            ("settling",),
            "settled",
            _CITY,
            _law("6"),
            roles=ANYONE,
            needs=(document("和解协议", "settlement agreement", _law("6")),),
            deadlines=(stops("complaint.settlement"),),
        ),
        Act(
            "register",
            Label("登记投诉", "register"),
            (START,),
            "received",
            _CITY,
            _ACCEPTANCE,
            roles=ANYONE,
            is_dated=True,
            needs=(carry("number_12315", "12315编号", "12315 number", accord()),),
            deadlines=(starts("complaint.acceptance"),),
        ),
        Act(
            "end_settlement",
            Label("和解不成转投诉", "settlement failed"),
            ("settling",),
            "received",
            _CITY,
            _ACCEPTANCE,
            roles=(Role.NODE, *ANYONE),
            deadlines=(stops("complaint.settlement"), starts("complaint.acceptance")),
        ),
        Act(
            "ask_supplement",
            Label("通知补正", "ask for material"),
            ("received",),
            "identity_supplement",
            _HANDLER,
            _ACCEPTANCE,
            roles=ANYONE,
            needs=(reasons(_ACCEPTANCE),),
            deadlines=(stops("complaint.acceptance"),),
        ),
        Act(
            "supplement",
            Label("收到补正", "material supplied"),
            ("identity_supplement",),
            "received",
            _EITHER,
            _ACCEPTANCE,
            roles=ANYONE,
            deadlines=(starts("complaint.acceptance"),),
        ),
        Act(
            "accept",
            Label("受理", "accept"),
            ("received",),
            "accepted",
            _HANDLER,
            _ACCEPTANCE,
            binds=True,
            deadlines=(stops("complaint.acceptance"), starts("complaint.mediation")),
        ),
        Act(
            "reject",
            Label("不予受理", "reject"),
            ("received", "identity_supplement"),
            "rejected",
            _HANDLER,
            _REJECTION,
            binds=True,
            deadlines=(stops("complaint.acceptance"),),
            needs=(
                carry(
                    "rejection_grounds",
                    "不予受理情形",
                    "ground of rejection",
                    _REJECTION,
                    complaint_pb2.RejectionGround.DESCRIPTOR,
                ),
                carry("rejection_redirect", "告知其他途径", "where to go instead", _REJECTION),
                reasons(_REJECTION),
            ),
        ),
        Act("mediate", Label("组织调解", "mediate"), ("accepted",), "mediating", _HANDLER, _MEDIATION),
        Act(
            "begin_testing",
            Label("委托检测鉴定", "send to testing"),
            ("mediating",),
            "testing",
            _HANDLER,
            _MEDIATION,
            needs=(document("检测鉴定委托书", "order to the laboratory", _MEDIATION),),
            deadlines=(suspends("complaint.mediation", "testing"),),
        ),
        Act(
            "end_testing",
            Label("检测鉴定完成", "testing done"),
            ("testing",),
            "mediating",
            _HANDLER,
            _MEDIATION,
            needs=(document("检测鉴定报告", "test report", _MEDIATION),),
            deadlines=(resumes("complaint.mediation", "testing"),),
        ),
        Act(
            "agree",
            Label("达成调解协议", "reach an agreement"),
            ("mediating",),
            "agreed",
            _HANDLER,
            _MEDIATION,
            needs=(document("调解书", "mediation agreement", _MEDIATION),),
            deadlines=(stops("complaint.mediation"),),
        ),
        Act(
            "terminate",
            Label("终止调解", "terminate"),
            ("accepted", "mediating", "testing"),
            "terminated",
            _HANDLER,
            _TERMINATION,
            binds=True,
            deadlines=(stops("complaint.mediation"),),
            needs=(
                carry(
                    "termination_grounds",
                    "终止调解情形",
                    "ground of termination",
                    _TERMINATION,
                    complaint_pb2.TerminationGround.DESCRIPTOR,
                ),
                reasons(_TERMINATION),
            ),
        ),
        Act(
            "withdraw",
            Label("投诉人撤回", "withdraw"),
            ("settling", "received", "identity_supplement"),
            "withdrawn",
            _EITHER,
            _TERMINATION,
            roles=ANYONE,
            decided_by=Label("投诉人", "the complainant"),
            deadlines=(stops("complaint.settlement"), stops("complaint.acceptance")),
        ),
        Act(
            "refer_clue",
            Label("发现违法线索移送", "refer a clue"),
            ("received", "accepted", "mediating", "agreed", "terminated", "notified"),
            None,
            _HANDLER,
            _CLUE,
            needs=(reasons(_CLUE),),
            makes=(drafts("referral"),),
        ),
        Act(
            "notify",
            Label("告知投诉人", "notify"),
            ("rejected", "agreed", "terminated"),
            "notified",
            _EITHER,
            _ACCEPTANCE,
            roles=ANYONE,
            needs=(document("告知书", "notice to the complainant", _ACCEPTANCE),),
        ),
        Act(
            "follow_up",
            Label("回访", "follow up"),
            ("notified", "handed_over"),
            "follow_up",
            _EITHER,
            accord(),
            roles=ANYONE,
        ),
        *HAND_OVER_ACTS,
    ),
    first=("withdraw", "settle", "reject"),
    concurrency=Label(
        "投诉人撤回优先，其次和解、不予受理；其余按记录编号。移交与收回，以先记入本市日志者为准。",
        "The complainant's withdrawal goes first, then settlement, rejection; the rest by record id. Of handing over"
        " and taking back, whichever stands earlier in the city's log.",
    ),
    forbidden=(
        Forbidden(
            "auto_reject",
            Label("自动驳回", "reject automatically"),
            _law("17"),
            Label(
                "滥用投诉因素仅供人工参考，不得自动不予受理",
                "signs of abuse only advise an officer; nothing rejects by itself",
            ),
        ),
    ),
)
