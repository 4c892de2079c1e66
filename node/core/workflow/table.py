"""A workflow as tables and diagrams, in Chinese and English."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import groupby
from textwrap import fill
from typing import Any, NamedTuple

from node.core.law.laws import Citation, Label
from node.core.workflow.model import START, Act, Between, Need, NotBefore, Only, Workflow
from node.messages import Lang

_WORDS: dict[Lang, dict[str, str]] = {
    "zh": {
        "same": "（不变）",
        "four_eyes": "经办、审批两人",
        "internal": "内部，不出本市",
        "discloses": "对外首个环节",
        "dated": "可载明事实发生日",
        "retracts": "同时销毁对外首个环节",
        "on": "；凭",
        "of": "的决定记录",
        "start": "起算",
        "since": "（自首次收到之日）",
        "upon_receipt": "（自收到之日）",
        "stop": "终止",
        "suspend": "中止计时",
        "resume": "恢复计时",
        "extend": "延长",
        "draft": "起草",
        "record": "形成",
        "retraction": "撤回",
        "final": "终态",
        "or": "或",
    },
    "en": {
        "same": "(unchanged)",
        "four_eyes": "maker and approver are two",
        "internal": "internal, stays in the city",
        "discloses": "first act others see",
        "dated": "may state the day of the fact",
        "retracts": "destroys the first act others saw",
        "on": "; on a decision of ",
        "of": "",
        "since": " (from the first receipt)",
        "upon_receipt": " (upon receipt)",
        "or": "or",
    },
}


class ActRow(NamedTuple):
    """One act, every cell in words."""

    act: str
    name: str
    sources: str
    target: str
    by: str
    roles: str
    carries: str
    only_if: str
    deadlines: str
    makes: str
    law: str


def text(label: Label | Citation, lang: Lang) -> str:
    """A label or a law in one language."""
    return label.zh if lang == "zh" else label.en


def act_rows(workflow: Workflow, lang: Lang) -> list[ActRow]:
    """The acts of a workflow in their declared order."""
    return [_act_row(workflow, act, lang) for act in workflow.acts]


def mermaid(workflow: Workflow, lang: Lang) -> str:
    """A Mermaid state diagram; what leaves the state as it is stays out."""
    names = [f"    state {_quoted(text(state.label, lang))} as {state.name}" for state in workflow.states]
    arrows = [
        f"    {source or '[*]'} --> {target}: {' / '.join(labels)}"
        for source, target, labels in _arrows(workflow, lang)
    ]
    ends = [f"    {state.name} --> [*]" for state in workflow.states if state.final]
    return "\n".join(("stateDiagram-v2", *names, *arrows, *ends)) + "\n"


def dot(workflow: Workflow, lang: Lang) -> str:
    """The same for Graphviz."""
    names = [
        f"  {state.name} [label={_quoted(text(state.label, lang))}{', peripheries=2' if state.final else ''}];"
        for state in workflow.states
    ]
    arrows = [
        f"  {source or 'start'} -> {target} [label={_quoted(' / '.join(labels))}];"
        for source, target, labels in _arrows(workflow, lang)
    ]
    head = (f"digraph {_quoted(workflow.name)} {{", "  node [shape=box, style=rounded];", "  start [shape=point];")
    return "\n".join((*head, *names, *arrows, "}")) + "\n"


def as_json(workflow: Workflow) -> dict[str, Any]:
    """The whole declaration as plain data."""
    return {
        "name": workflow.name,
        "label": asdict(workflow.label),
        "parties": [
            {"name": party.name, "label": asdict(party.label), "kind": party.kind} for party in workflow.parties
        ],
        "states": [
            {"name": state.name, "label": asdict(state.label), "final": state.final} for state in workflow.states
        ],
        "acts": [_act_json(act) for act in workflow.acts],
        "forbidden": [
            {"name": rule.name, "why": asdict(rule.why), "law": rule.law.marked.zh} for rule in workflow.forbidden
        ],
        "concurrent": {"first": list(workflow.first), **asdict(workflow.concurrency)},
    }


def document(workflows: Iterable[Workflow]) -> str:
    """Every workflow as one Markdown document."""
    return _HEAD + "".join(_section(workflow) for workflow in workflows)


_HEAD = """# 办理流程 Workflows

由 `gongzhi workflow docs` 根据声明生成，请勿手改。“待核”的条号系凭记忆引用，尚未与法规文本核对。
Made by `gongzhi workflow docs` from the declarations; do not edit. "To be checked" marks an article cited from memory.
"""
_LINE_LENGTH = 120
_COLUMNS = ("环节", "名称", "自", "至", "办理方", "角色", "须载明", "限于", "时限", "产生", "依据")


def _section(workflow: Workflow) -> str:
    lines = [
        f"\n## {workflow.name} {workflow.label.zh} {workflow.label.en}\n",
        _line(_COLUMNS),
        _line(["---"] * len(_COLUMNS)),
        *(_line(row) for row in act_rows(workflow, "zh")),
        f"\n并发 Concurrent acts: {workflow.concurrency.zh}\n{fill(workflow.concurrency.en, _LINE_LENGTH)}",
        *(
            f"\n禁止 Forbidden `{rule.name}`: {rule.why.zh}（{rule.law.marked.zh}）.\n{rule.why.en}."
            for rule in workflow.forbidden
        ),
        *_code_lists(workflow),
        f"\n```mermaid\n{mermaid(workflow, 'zh')}```",
    ]
    return "\n".join(lines) + "\n"


def _code_lists(workflow: Workflow) -> Iterator[str]:
    """The grounds that tell a person who is turned away where to go, and those that end a procedure."""
    needs = {need.name: need for act in workflow.acts for need in act.needs if need.choices}
    for need in needs.values():
        yield f"\n{need.label.zh} {need.label.en} (`{need.name}`):\n"
        for choice in need.choices:
            instead = f"；{choice.instead.zh}" if choice.instead else ""
            yield f"- `{choice.code}` {choice.label.zh}{instead}"


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "/").replace("\n", " ") for cell in cells) + " |"


def _quoted(words: str) -> str:
    return '"' + words.replace('"', "'") + '"'


def _arrows(workflow: Workflow, lang: Lang) -> Iterator[tuple[str, str, list[str]]]:
    order = {START: -1} | {each.name: index for index, each in enumerate(workflow.states)}
    edges = [
        (source, act.target, text(act.label, lang))
        for act in workflow.acts
        if act.target is not None
        for source in act.sources
    ]
    edges.sort(key=lambda edge: (order[edge[0]], order[edge[1]]))
    for (source, target), group in groupby(edges, key=lambda edge: edge[:2]):
        yield source, target, [label for _, _, label in group]


def _act_row(workflow: Workflow, act: Act, lang: Lang) -> ActRow:
    words = _WORDS[lang]
    separator = "、" if lang == "zh" else ", "
    states = {START: "—"} | {state.name: text(state.label, lang) for state in workflow.states}
    by = f" {words['or']} ".join(text(workflow.party[name].label, lang) for name in act.by)
    if act.decided_by is not None:
        by += words["on"] + text(act.decided_by, lang) + words["of"]
    return ActRow(
        act=act.name,
        name=text(act.label, lang),
        sources=separator.join(states[source] for source in act.sources),
        target=words["same"] if act.target is None else states[act.target],
        by=by,
        roles=", ".join(act.roles),
        carries="; ".join(_carries(act, lang)),
        only_if="; ".join(text(guard.label, lang) + f" ({text(guard.law.marked, lang)})" for guard in act.guards),
        deadlines="; ".join(
            f"{words.get(deadline.effect, deadline.effect)} {deadline.rule}"
            + words["since"] * bool(deadline.since)
            + words["upon_receipt"] * deadline.upon_receipt
            for deadline in act.deadlines
        ),
        makes="; ".join(f"{words.get(make.product, make.product)} {make.standard}" for make in act.makes),
        law=text(act.law.marked, lang),
    )


def _carries(act: Act, lang: Lang) -> Iterator[str]:
    words = _WORDS[lang]
    marked = {
        "internal": act.internal,
        "discloses": act.discloses,
        "dated": act.may_be_dated,
        "retracts": act.retracts,
    }
    yield from (words[name] for name, holds in marked.items() if holds)
    if act.binds:
        yield words["four_eyes"]
    for law, needs in groupby(act.needs, key=lambda need: need.law):
        listed = ("、" if lang == "zh" else ", ").join(text(need.label, lang) for need in needs)
        yield listed if law == act.law else f"{listed} ({text(law.marked, lang)})"


def _act_json(act: Act) -> dict[str, Any]:
    return {
        "name": act.name,
        "label": asdict(act.label),
        "from": list(act.sources),
        "to": act.target,
        "by": list(act.by),
        "roles": list(act.roles),
        "decided_by": asdict(act.decided_by) if act.decided_by else None,
        "four_eyes": act.binds,
        "internal": act.internal,
        "discloses": act.discloses,
        "takes_back": act.retracts,
        "may_be_dated": act.may_be_dated,
        "needs": [_need_json(need) for need in act.needs],
        "guards": [
            {
                "field": guard.field,
                "law": guard.law.marked.zh,
                **_condition(guard),
            }
            for guard in act.guards
        ],
        "clocks": [
            {
                "effect": deadline.effect,
                "rule": deadline.rule,
                "cause": deadline.cause,
                "upon_receipt": deadline.upon_receipt,
            }
            for deadline in act.deadlines
        ],
        "makes": [{"product": make.product, "standard": make.standard} for make in act.makes],
        "law": act.law.marked.zh,
    }


def _condition(guard: Only | Between | NotBefore) -> dict[str, Any]:
    if isinstance(guard, NotBefore):
        return {"years": guard.years, "days": guard.days}
    return {"values": list(guard.values)} if isinstance(guard, Only) else {"other": guard.other, "same": guard.same}


def _need_json(need: Need) -> dict[str, Any]:
    codes = [choice.code for choice in need.choices]
    return {
        "name": need.name,
        "kind": need.carries,
        "label": asdict(need.label),
        "law": need.law.marked.zh,
        "codes": codes,
    }
