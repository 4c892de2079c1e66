"""The guide to all standards (docs/standards.md), made from the protos: fields, the parts they share, code lists."""

from collections.abc import Iterable, Iterator

from node.core.standards.standard import Standard
from node.core.standards.table import CodeRow, FieldRow, code_rows, field_rows, rule_rows

_HEAD = """\
# 数据标准 · Data standards

Made from `proto/node/standard/v1` by `gongzhi standard guide`; do not edit. One standard alone, in one language:
`gongzhi standard show referral --lang zh`.

- **级别** level: L1 公开 public, L2 监管内部 internal to regulators, L3 个人或商业信息 personal or commercial,
  L4 身份信息 identity.
- **分面** facet: fields that are disclosed together. A field within a part goes with the facet of the part.
- **required to open a case**: must be stated in the record that opens a case; the acts that follow (`act.case` names
  it) state only what is new.
- **subject**: gives the record a key in its header, by which screening and queries find it. A person's key is a keyed
  HMAC of the ID number, never the number or its plain hash.
"""


def standards_guide(standards: Iterable[Standard]) -> str:
    """The guide as Markdown."""
    known = list(standards)
    lines = [_HEAD, *(line for standard in known for line in _standard(standard))]
    return "\n".join(
        [*lines, "## 共用部分 · Parts", "", *_parts(known), "## 代码表 · Code lists", "", *_code_lists(known)]
    )


def _standard(standard: Standard) -> Iterator[str]:
    yield f"## {standard.name} v{standard.version} · {standard.label_zh} · {standard.label_en}\n"
    own = [row for row in field_rows(standard, "en") if "." not in row.field]
    yield from _table(
        ("field", "type", "中文名", "English", "级别", "分面", "rule"),
        ((f"`{row.field}`", *row[1:6], _code(row.rule)) for row in own),
    )
    messages = zip(rule_rows(standard, "zh"), rule_rows(standard, "en"), strict=True)
    yield from (f"- `{zh.id}`: {zh.message}\n  {en.message}" for zh, en in messages)
    yield ""


def _parts(standards: Iterable[Standard]) -> Iterator[str]:
    """Each message within a standard once: its fields as the first standard that holds it shows them."""
    parts: dict[str, dict[str, FieldRow]] = {}
    for standard in standards:
        for field, row in zip(standard.fields, field_rows(standard, "en"), strict=True):
            holder = field.descriptor.containing_type
            if holder and "." in field.path:
                parts.setdefault(holder.name, {}).setdefault(field.descriptor.name, row)
    for part, rows in sorted(parts.items()):
        yield f"### {part}\n"
        yield from _table(
            ("field", "type", "中文名", "English", "rule"),
            ((f"`{name}`", row.type, row.label_zh, row.label_en, _code(row.rule)) for name, row in rows.items()),
        )


def _code_lists(standards: Iterable[Standard]) -> Iterator[str]:
    lists: dict[str, list[tuple[CodeRow, str]]] = {}
    for standard in standards:
        rows: dict[str, list[tuple[CodeRow, str]]] = {}
        for zh, en in zip(code_rows(standard, "zh"), code_rows(standard, "en"), strict=True):
            advice = f"{zh.advice} · {en.advice}" if zh.advice else ""
            rows.setdefault(zh.list, []).append((zh, advice))
        lists |= rows
    for name, codes in sorted(lists.items()):
        yield f"### {name}\n"
        yield from _table(
            ("code", "中文名", "English", "依据 article", "去向 what follows"),
            ((str(row.code), row.label_zh, row.label_en, row.article, advice) for row, advice in codes),
        )


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)
    yield ""


def _code(rule: str) -> str:
    """Patterns hold what Markdown would read as its own."""
    return f"`{rule}`".replace("|", "\\|") if rule else ""
