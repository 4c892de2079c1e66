"""Every rule that may refuse an act, in the order in which they are checked; printed by `gongzhi workflow rules`.

The first rule is what every party to a case can check: its declaration (`core/workflow/declared/`). The others are
those of the acting city's own node. Before them stand who may call (`rpc/`), and after them the form of the message
(its standard) and its audience (`propose.py`).
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from node.core.law.heavy_penalty import HEAVY_PENALTY
from node.core.law.laws import Citation, Label, accord
from node.core.screening import LISTS
from node.core.workflow.case import check
from node.core.workflow.declared import WORKFLOWS
from node.core.workflow.rules import Broken
from node.usecases.casework.rules.basis import PLATFORMS_DUTY, broken_by_basis
from node.usecases.casework.rules.candidate import Candidate, Check, Knowledge
from node.usecases.casework.rules.days import broken_by_day, broken_by_day_of_fact
from node.usecases.casework.rules.handing_over import broken_by_handing_over
from node.usecases.casework.rules.jurisdiction import PLACE, broken_by_place
from node.usecases.casework.rules.limits import (
    LIMITATION_LAW,
    broken_by_ban,
    broken_by_limit,
    broken_by_limitation,
)
from node.usecases.casework.rules.listings import (
    REPAIR_LAW,
    broken_by_repair,
    broken_by_republication,
    broken_by_road,
    broken_by_term,
    broken_by_weight,
)
from node.usecases.casework.rules.numbers import broken_by_number
from node.usecases.casework.rules.out_of_rule import broken_by_taking_on
from node.usecases.casework.rules.penalties import WHAT_IS_PUBLISHED, broken_by_publication
from node.usecases.casework.rules.retransfer import REFERRAL, broken_by_referring

_LISTS = tuple(name for name in WORKFLOWS if name in LISTS and WORKFLOWS[name].forbidden)


class Rule(NamedTuple):
    """A rule that may refuse an act.

    Attributes:
        name: stable, for the table.
        label: what it demands.
        laws: where the demand comes from; none: as the act, or the demand, is declared.
        check: names what an act breaks of it.
        workflows: in whose cases it is checked; none: in all.
    """

    name: str
    label: Label
    laws: tuple[Citation, ...]
    check: Check
    workflows: tuple[str, ...] = ()


def broken_by_declaration(_: Knowledge, candidate: Candidate) -> Iterable[Broken]:
    """What every party to a case can check."""
    return check(candidate.file.case, candidate.fact, candidate.role)


RULES = (
    Rule(
        "declaration",
        Label(
            "角色、办理方、状态、限于、须载明事项、经办与审批两人、承接最新环节，均合于流程声明",
            "role, party, state, conditions, content, four eyes and the latest acts are as the workflow declares",
        ),
        (),
        broken_by_declaration,
    ),
    Rule(
        "day",
        Label(
            "办理日期为当日；记载事实的可为事实发生日，不早于所承接的环节",
            "an act is dated today, one that records a fact on the fact's day, and none before those it follows",
        ),
        (accord(),),
        broken_by_day,
    ),
    Rule(
        "republication",
        Label(
            "已移出的名单不得以原决定再次列入",
            "a listing that ended is not decided anew under the old decision, nor one whose term is over",
        ),
        tuple(dict.fromkeys(WORKFLOWS[name].forbidden[0].law for name in _LISTS)),
        broken_by_republication,
        _LISTS,
    ),
    Rule(
        "day_of_fact",
        Label("事实发生日不得晚于今日", "the day of a fact is not after today"),
        (accord(),),
        broken_by_day_of_fact,
    ),
    Rule(
        "number",
        Label("本机关的文号只用于一案", "a document number of this city stands in one case"),
        (accord(),),
        broken_by_number,
    ),
    Rule(
        "basis",
        Label(
            "请平台处置，以当事人违反的法律条款为依据，不得只引平台自身的义务",
            "a request to a platform rests on the statute that was broken, not on the platform's own duty",
        ),
        (PLATFORMS_DUTY,),
        broken_by_basis,
        ("measure.request",),
    ),
    Rule(
        "limit",
        Label(
            "期限在届满前方可依规则延长；计时中的方可中止",
            "a limit is extended before it runs out, as its rule allows; only what runs is suspended",
        ),
        (),
        broken_by_limit,
    ),
    Rule(
        "ban",
        Label(
            "因弄虚作假被撤销修复的，禁止期内不得再次申请",
            "who had a repair annulled for fraud applies for none until the ban is over",
        ),
        (),
        broken_by_ban,
        ("credit.repair",),
    ),
    Rule(
        "term",
        Label("列入期限不超过法定最长期限", "a listing's term is no longer than the law's"),
        (),
        broken_by_term,
        ("listing.serious",),
    ),
    Rule(
        "weight",
        Label(
            "列入严重违法失信名单以较重行政处罚为据，第11条情形除外",
            "a serious listing rests on a heavy penalty, but for Art 11",
        ),
        (HEAVY_PENALTY,),
        broken_by_weight,
        ("listing.serious",),
    ),
    Rule(
        "road",
        Label(
            "提前移出严重违法失信名单只经信用修复",
            "a party leaves the serious list early by a credit repair alone",
        ),
        (REPAIR_LAW,),
        broken_by_road,
        ("listing.serious",),
    ),
    Rule(
        "repair",
        Label(
            "修复的须为本机关对申请人所作的名单或处罚；名单须满一年，处罚须满最短公示期，责令关闭、限制从业的不得提前",
            "a repair ends what is the applicant's and this city's, after its wait; no closure, no occupation ban",
        ),
        (),
        broken_by_repair,
        ("credit.repair",),
    ),
    Rule(
        "limitation",
        Label(
            "违法行为终了两年（五年）后始被发现的，不再立案、处罚",
            "what was discovered later than two (five) years after its end is neither filed nor penalised",
        ),
        (LIMITATION_LAW,),
        broken_by_limitation,
        ("referral",),
    ),
    Rule(
        "publication",
        Label("仅受警告的不予公示，其他处罚应当公示", "a warning alone is not published, every other penalty is"),
        (WHAT_IS_PUBLISHED,),
        broken_by_publication,
        ("referral",),
    ),
    Rule(
        "place",
        Label(
            "投诉移交至有管辖权的市，先经审批；联系方式、订单和举证材料经投诉人同意方可随案，证件号码不出本市",
            "a complaint is handed over to where it belongs, by a decision; what is the complainant's goes by consent",
        ),
        (PLACE,),
        broken_by_place,
        ("complaint",),
    ),
    Rule(
        "handing_over",
        Label(
            "投诉由一市办理：只移交一次，受移交的不再移交，未退回不收回",
            "a complaint is handled in one city: handed over once, not on, and not taken back unless given back",
        ),
        (PLACE,),
        broken_by_handing_over,
        ("complaint",),
    ),
    Rule(
        "retransfer",
        Label("受移送的案件不得以新案再行移送", "what a city received it does not refer on, nor back, as a new case"),
        (REFERRAL.forbids["retransfer"].law,),
        broken_by_referring,
        ("referral",),
    ),
    Rule(
        "taking_on",
        Label("不受理违反移送、移交规则而来的案件", "a matter that came out of rule is not taken on"),
        (REFERRAL.forbids["retransfer"].law, PLACE),
        broken_by_taking_on,
        ("referral", "complaint"),
    ),
)


def find_broken(rules: Iterable[Rule], known: Knowledge, candidate: Candidate) -> list[Broken]:
    """Everything that an act breaks, in the order of the rules."""
    name = candidate.file.workflow.name
    checked = (rule for rule in rules if not rule.workflows or name in rule.workflows)
    return [demand for rule in checked for demand in rule.check(known, candidate)]


def document() -> str:
    """The table as a page, in Chinese and English (docs/act-rules.md)."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# 办理规则 What can refuse an act"
    yield ""
    yield "由 `gongzhi workflow rules` 根据规则表生成，请勿手改。各环节的声明见 [workflows](workflows.md)。"
    yield "Made by `gongzhi workflow rules` from `node/usecases/casework/rules/table.py`; do not edit. The rules are"
    yield "checked in this order. A refusal names everything that the act breaks; the first gives its reason."
    for number, rule in enumerate(RULES, 1):
        laws_zh, laws_en = (
            ("、".join(law.marked.zh for law in rule.laws), "; ".join(law.marked.en for law in rule.laws))
            if rule.laws
            else ("该环节或该事项所依据的条文", "that of the act or of the demand")
        )
        yield from ("", f"## {number}. `{rule.name}`", "", f"{rule.label.zh}。", f"{rule.label.en.capitalize()}.", "")
        yield f"- 流程 workflows: {', '.join(rule.workflows) or '全部 all'}"
        yield f"- 依据: {laws_zh}"
        yield f"- law: {laws_en}"
        yield f"- function: `{rule.check.__module__.removeprefix('node.')}.{rule.check.__qualname__}`"
