"""严重违法失信名单: listed by the city that penalised, published by the home organ, taken off everywhere in time."""

from node.core.law.laws import Citation, Label, accord
from node.core.workflow.model import ANYONE, START, Act, Forbidden, NotBefore, Party, Role, Workflow
from node.core.workflow.terms import carry, document, number, reasons, records, retracts, starts, state, stops
from node.stubs.standard.v1 import listing_pb2


def _law(number_: str, *, sure: bool = True) -> Citation:
    return Citation("serious_list", number_, sure)


_DECISION = _law("13", sure=False)
_PUBLICATION = _law("14")
_EARLY = _law("16")
_ANNULMENT = _law("19")
_TERM = _law("20", sure=False)
_CITY = ("origin",)
_HOME = ("home",)
_LISTED = ("decided", "pushed", "published")
_NOT_PUBLISHED_ANY_MORE = (stops("listing.serious.push"), stops("listing.serious.publication"))
_TERM_IS_OVER = NotBefore("until", _TERM, Label("列入期限未满", "the term is not over"), days=1)

LISTING_SERIOUS = Workflow(
    name="listing.serious",
    label=Label("严重违法失信名单", "Serious violations list"),
    parties=(
        Party("origin", Label("列入机关", "listing city")),
        Party("home", Label("登记地机关", "home city"), bound_by="home_city"),
    ),
    states=(
        state("draft", "拟列入", "draft"),
        state("consented", "上级同意", "consented"),
        state("pre_noticed", "已告知", "told beforehand"),
        state("decided", "决定列入", "decided"),
        state("pushed", "已推送", "pushed"),
        state("published", "已公示", "published"),
        state("early_removed", "提前移出", "removed early"),
        state("expired", "期满移出", "expired", final=True),
        state("revoked", "撤销列入", "revoked", final=True),
        state("cancelled", "不列入", "not listed", final=True),
        state("reinstated", "恢复列入", "reinstated"),
    ),
    acts=(
        Act(
            "propose",
            Label("拟列入", "propose"),
            (START,),
            "draft",
            _CITY,
            _law("2"),
            internal=True,
            needs=(
                carry("grounds", "列入情形", "ground", _law("5"), listing_pb2.SeriousGround.DESCRIPTOR),
                reasons(_DECISION),
            ),
        ),
        Act(
            "consent",
            Label("上级同意", "consent of the superior"),
            ("draft",),
            "consented",
            _CITY,
            _DECISION,
            internal=True,
            decided_by=Label("上一级市场监管部门", "the next higher organ"),
            needs=(document("上级同意意见", "consent of the superior", _DECISION),),
        ),
        Act(
            "pre_notice",
            Label("列入前告知", "tell beforehand"),
            ("consented",),
            "pre_noticed",
            _CITY,
            _DECISION,
            internal=True,
            binds=True,
            needs=(document("列入告知书", "notice before listing", _DECISION),),
        ),
        Act(
            "cancel",
            Label("决定不列入", "decide not to list"),
            ("draft", "consented", "pre_noticed"),
            "cancelled",
            _CITY,
            _DECISION,
            internal=True,
            binds=True,
            needs=(reasons(_DECISION),),
        ),
        Act(
            "decide",
            Label("决定列入", "decide"),
            ("pre_noticed",),
            "decided",
            _CITY,
            _DECISION,
            binds=True,
            discloses=True,
            keeps=("until",),
            stamps="listed_on",
            needs=(
                carry("grounds", "列入情形", "ground", _law("5"), listing_pb2.SeriousGround.DESCRIPTOR),
                carry("decision_number", "列入决定书文号", "decision number", _DECISION),
                carry("facts", "事实", "facts", _DECISION),
                carry("legal_basis", "列入依据", "legal basis", _DECISION),
                carry("remedies", "救济途径", "remedies", _DECISION),
                carry("home_city", "登记地", "home city", _PUBLICATION),
                carry("until", "列入期限", "end of the term", _TERM),
                document("上级同意意见", "consent of the superior", _DECISION),
                document("列入告知书", "notice before listing", _DECISION),
                document("列入决定书", "listing decision", _DECISION),
            ),
            deadlines=(
                starts("listing.serious.push"),
                starts("listing.serious.term"),
                starts("listing.serious.early_removal"),
            ),
            makes=(records("listing.serious"),),
        ),
        Act(
            "push",
            Label("推送登记地", "push"),
            ("decided",),
            "pushed",
            _CITY,
            _PUBLICATION,
            roles=(Role.NODE, *ANYONE),
            deadlines=(stops("listing.serious.push"), starts("listing.serious.publication")),
        ),
        Act(
            "publish",
            Label("公示", "publish"),
            ("pushed",),
            "published",
            _HOME,
            _PUBLICATION,
            roles=ANYONE,
            deadlines=(stops("listing.serious.publication"),),
        ),
        Act(
            "remove_early",
            Label("提前移出", "remove early"),
            ("published", "reinstated"),
            "early_removed",
            _CITY,
            _EARLY,
            binds=True,
            guards=(
                NotBefore(
                    "listed_on",
                    _EARLY,
                    Label("列入满一年方可提前移出", "a year has to pass first"),
                    years=1,
                    rule="listing.serious.early_removal",
                ),
            ),
            needs=(number(_EARLY), reasons(_EARLY), document("移出申请书", "application for removal", _EARLY)),
            deadlines=(stops("listing.serious.term"),),
            makes=(retracts("listing.serious"),),
        ),
        Act(
            "expire",
            Label("期满移出", "expire"),
            (*_LISTED, "reinstated"),
            "expired",
            _CITY,
            _TERM,
            roles=(Role.NODE,),
            guards=(_TERM_IS_OVER,),
            deadlines=(*_NOT_PUBLISHED_ANY_MORE, stops("listing.serious.term")),
            makes=(retracts("listing.serious"),),
        ),
        Act(
            "revoke",
            Label("撤销列入", "revoke"),
            (*_LISTED, "reinstated"),
            "revoked",
            _CITY,
            _ANNULMENT,
            binds=True,
            needs=(reasons(_ANNULMENT), document("撤销决定书", "decision of annulment", _ANNULMENT)),
            deadlines=(
                *_NOT_PUBLISHED_ANY_MORE,
                stops("listing.serious.term"),
                starts("listing.serious.annulment"),
            ),
            makes=(retracts("listing.serious"),),
        ),
        Act(
            "unpublish",
            Label("停止公示", "unpublish"),
            ("early_removed", "expired", "revoked"),
            None,
            _HOME,
            _ANNULMENT,
            roles=(Role.NODE, *ANYONE),
            deadlines=(stops("listing.serious.annulment"),),
        ),
        Act(
            "reinstate",
            Label("恢复列入", "reinstate"),
            ("early_removed",),
            "reinstated",
            _CITY,
            _law("18", sure=False),
            binds=True,
            keeps=("until",),
            stamps="listed_on",
            needs=(
                number(_law("18", sure=False)),
                reasons(_law("18", sure=False)),
                carry("until", "列入期限", "end of the term", _TERM),
                document("恢复列入决定书", "decision to reinstate", _law("18", sure=False)),
            ),
            deadlines=(
                starts("listing.serious.term"),
                starts("listing.serious.early_removal"),
            ),
            makes=(records("listing.serious"),),
        ),
        Act(
            "settle_removal",
            Label("移出后期满", "term over after removal"),
            ("early_removed",),
            "expired",
            _CITY,
            _TERM,
            roles=(Role.NODE,),
            guards=(_TERM_IS_OVER,),
        ),
    ),
    first=("revoke", "expire", "remove_early"),
    concurrency=Label(
        "撤销优先，其次期满、提前移出：名单宁可早移出；其余按记录编号。",
        "Revocation goes first, then expiry and early removal: rather off the list than on; the rest by record id.",
    ),
    forbidden=(
        Forbidden(
            "republish",
            Label("重新公示", "publish again"),
            _TERM,
            Label(
                "已移出的名单不得再次公示；须重新作出决定",
                "what left the list is not published again; it takes a new decision",
            ),
        ),
        Forbidden(
            "merge",
            Label("名单合并", "merge lists"),
            accord(),
            Label("三类名单互不合并", "the three lists are never merged"),
        ),
    ),
)
