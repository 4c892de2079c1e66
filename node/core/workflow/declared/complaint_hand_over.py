"""投诉移交: a complaint goes where it belongs, without who complained, and is handled there or given back."""

from node.core.law.laws import Citation, Label, accord
from node.core.workflow.model import ANYONE, START, Act, Only
from node.core.workflow.terms import carry, document, drafts, reasons, starts, stops
from node.stubs.standard.v1 import complaint_pb2

# Where a complaint belongs; the number of the article was not read in the text of the order.
PLACE = Citation("complaints_2026", "12", sure=False)
_ACCEPTANCE = Citation("complaints_2026", "15")
_CITY = ("origin",)
_HANDLER = ("handler",)
NOT_ON = Only(
    "to_city", ("",), PLACE, Label("移交来的投诉不得再移交，应予退回", "what was handed over is given back, not on")
)

HAND_OVER_ACTS = (
    Act(
        "hand_over",
        Label("决定移交有权机关", "decide to hand over"),
        ("received", "identity_supplement"),
        "handed_over",
        _CITY,
        PLACE,
        binds=True,
        guards=(NOT_ON,),
        needs=(
            carry("to_city", "移交至", "city it belongs to", PLACE),
            carry("routed_by", "管辖依据", "what it is routed by", PLACE, complaint_pb2.RoutingBasis.DESCRIPTOR),
            reasons(PLACE),
        ),
        deadlines=(stops("complaint.acceptance"),),
        makes=(drafts("complaint"),),
    ),
    Act(
        "tell_handover",
        Label("告知投诉人已移交", "tell where it went"),
        ("handed_over",),
        None,
        _CITY,
        PLACE,
        roles=ANYONE,
        needs=(document("告知书", "notice to the complainant", PLACE),),
    ),
    Act(
        "take_back",
        Label("收回自行办理", "take it back"),
        ("handed_over",),
        "received",
        _CITY,
        PLACE,
        binds=True,
        needs=(reasons(PLACE),),
        deadlines=(starts("complaint.acceptance"),),
    ),
    Act(
        "pass_on",
        Label("移交", "hand over"),
        (START,),
        "passed_on",
        _CITY,
        PLACE,
        keeps=("to_city",),
        assigns={"handler": "field:to_city"},
        deadlines=(starts("complaint.acceptance"),),
        needs=(
            carry("number_12315", "12315编号", "12315 number", accord()),
            carry("to_city", "移交至", "city it belongs to", PLACE),
            carry("origins", "移交决定所在的投诉", "complaint in which it was decided", PLACE),
            carry("facts", "投诉事实", "facts", PLACE),
            reasons(PLACE),
        ),
    ),
    Act(
        "take_in",
        Label("接收移交", "take it in"),
        ("passed_on",),
        "received",
        _HANDLER,
        _ACCEPTANCE,
        roles=ANYONE,
    ),
    Act(
        "give_back",
        Label("退回移交机关", "give it back"),
        ("passed_on",),
        "returned",
        _HANDLER,
        PLACE,
        binds=True,
        needs=(reasons(PLACE),),
        deadlines=(stops("complaint.acceptance"),),
    ),
)
