"""What each code means and what to do about it, in Chinese and English (`reason_texts.yaml`)."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from enum import StrEnum
from functools import cache
from importlib import resources

from pydantic import BaseModel, ConfigDict, Field

from node.core.document import parse_document, read_model
from node.errors import NodeError, Reason
from node.messages import Lang, Message, _, both, render

_FILE = "reason_texts.yaml"


class Severity(StrEnum):
    """How much a finding weighs: all well; to know; to look at; something must be done."""

    OK = "ok"
    INFO = "info"
    WARN = "warn"
    MUST = "must"


class Text(BaseModel):
    """One code: what it means and what the reader does next, in each language."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    en: str = Field(min_length=1)
    en_do: str = Field(min_length=1)
    zh: str = Field(min_length=1)
    zh_do: str = Field(min_length=1)

    @property
    def message(self) -> Message:
        """What the code means."""
        return both(self.en, self.zh)

    def meaning(self, lang: Lang) -> str:
        """What the code means."""
        return self.zh if lang == "zh" else self.en

    def advice(self, lang: Lang) -> str:
        """What to do."""
        return self.zh_do if lang == "zh" else self.en_do


class FindingText(Text):
    """What a finding says, with places for its parameters: `{city}`."""

    severity: Severity


class Texts(BaseModel):
    """The whole table, by section."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reasons: Mapping[str, Text]
    findings: Mapping[str, FindingText]
    keys: Mapping[str, Text]
    rows: Mapping[str, Text]

    @property
    def every(self) -> Mapping[str, Text]:
        """Every code; one that is an error and a finding is explained as an error."""
        return {**self.rows, **self.keys, **self.findings, **self.reasons}


@cache
def texts() -> Texts:
    """The table that comes with the program."""
    text = (resources.files("node.core") / _FILE).read_text("utf-8")
    return read_model(parse_document(text, _FILE, Reason.INTERNAL), Texts, Reason.INTERNAL)


def find_text(code: str) -> Text:
    """The text of a code.

    Raises:
        NodeError: NOT_FOUND; names codes that look like it.
    """
    if text := texts().every.get(code):
        return text
    near = ", ".join(get_close_matches(code, texts().every)) or "see gongzhi errors list"
    raise NodeError(Reason.NOT_FOUND, _("unknown error code {code!r}; {near}", code=code[:40], near=near))


def meaning_and_advice(reason: Reason) -> Message:
    """What an error's code means and what to do, for the line under its message."""
    text = texts().reasons[reason]
    return both(f"{text.en} {text.en_do}", text.zh + text.zh_do)


def error_object(error: NodeError) -> dict[str, str]:
    """An error as `--json` prints it: its code, what is wrong and what to do, in English and in Chinese."""
    advice = meaning_and_advice(error.reason)
    return {
        "code": error.reason.value,
        "message": render(error.message, "en"),
        "message_zh": render(error.message, "zh"),
        "advice": render(advice, "en"),
        "advice_zh": render(advice, "zh"),
    }


# Rules of a standard say both: "<Chinese> · <English>".
_BOTH = re.compile(r"(?P<zh>[^·]*[\u4e00-\u9fff][^·]*) · (?P<en>.+)", re.DOTALL)


def explained(code: str, message: str, *, of_key: bool = False) -> Message:
    """What is wrong with a row, or with the key that a party is asked about by, in both languages.

    The checks of a standard say it in English: the Chinese is then that of the code, with what to do. A code without a
    text keeps its message.
    """
    if isinstance(message, Message):
        return message
    if pair := _BOTH.fullmatch(message):
        return both(pair["en"], pair["zh"])
    table = texts()
    sections = (table.keys, table.rows) if of_key else (table.rows, table.keys)
    text = next((rows[code] for rows in (*sections, table.reasons) if code in rows), None)
    return both(message, text.zh + text.zh_do if text else message)


def kept_message(reason: str, message: str) -> Message:
    """The message of an error as a node keeps it, in English; in Chinese after what its code means."""
    text = texts().reasons.get(reason)
    return both(message, f"{text.zh.removesuffix('。')}（{message}）" if text else message)


_HEAD = """\
# 错误代码 · Error codes

由 `gongzhi errors page` 根据 `node/core/reason_texts.yaml` 生成，请勿手改。
Made by `gongzhi errors page`; do not edit. One code alone: `gongzhi errors show peer_frozen --lang zh`.

每条错误为“代码: 说明”，代码不因版本改变。An error is `code: message`; a code never changes its meaning.
"""
_TITLES = {
    "reasons": "请求与命令的错误 · Errors of calls and commands",
    "findings": "体检与警报 · Findings of `gongzhi doctor` and alerts of `gongzhi status`",
    "keys": "代码与证号存疑 · Keys in doubt",
    "rows": "退回与提示的行 · Rows rejected or worth a look",
}


def errors_page() -> str:
    """docs/errors.md."""
    lines = [_HEAD]
    for section, title in _TITLES.items():
        lines += [f"## {title}", "", "| 代码 code | 含义 | 怎么办 | meaning | what to do |", f"|{'---|' * 5}"]
        rows: Mapping[str, Text] = getattr(texts(), section)
        for code, text in rows.items():
            cells = (f"`{code}`", text.zh, text.zh_do, text.en, text.en_do)
            lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
        lines.append("")
    return "\n".join(lines)
