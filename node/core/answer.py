"""Does a record say what an asker believes? Equal after normalising, or different; no scores.

Normalising takes away what people write in several ways: full and half width, white space, case, the punctuation and
brackets of Chinese and Western type. An address may also lack its province, or its province and city:
长沙市岳麓区… is 湖南省长沙市岳麓区…, but two different provinces stay different.
"""

import re
from collections.abc import Callable
from datetime import date
from enum import Enum
from functools import lru_cache
from typing import NamedTuple
from unicodedata import normalize

from node.core.standards import standard as standards
from node.core.standards.kinds import REGISTRATION
from node.errors import NodeError, Reason
from node.messages import _
from node.stubs.query.v1.query_pb2 import Question
from node.stubs.standard.v1 import operator_pb2
from node.stubs.standard.v1.operator_pb2 import OperatorRegistration


class Verdict(Enum):
    """How what is asked stands to what is recorded."""

    SAME = 1
    DIFFERENT = 2
    # The record does not say, or its source hid it (吴**): neither confirmed nor denied.
    UNSEEN = 3


class Comparison(NamedTuple):
    """Names of the fields of a question that differ, and of those that could not be compared."""

    mismatches: list[str]
    unseen: list[str]


class _Field(NamedTuple):
    """A field of a question: the facet that holds its counterpart, how to read that, how to compare."""

    name: str
    facet: int
    read: Callable[[OperatorRegistration], str | int]
    is_same: Callable[[str, str | int], bool]
    longest: int = 200


_MARKS = str.maketrans(
    dict.fromkeys("【〔〖[{<〈《「『", "(")
    | dict.fromkeys("】〕〗]}>〉》」』", ")")
    | dict.fromkeys("“”‘’\"'`´", "'")
    | dict.fromkeys("—–―‐‑‒−", "-")
    | dict.fromkeys("·•・‧∙⋅", "·")
    | {"、": ",", "。": ".", "…": "."}
)


_PLAIN = re.compile(r"[0-9a-z\u4e00-\u9fff]*")


def fold(text: str) -> str:
    """The form in which two texts are compared: half width, one case, one kind of each mark, no white space."""
    if _PLAIN.fullmatch(text):
        return text
    return _fold_short(text) if len(text) <= _SHORT else _fold(text)


def _fold(text: str) -> str:
    folded = normalize("NFKC", normalize("NFKC", text.translate(_MARKS)).casefold())
    return "".join(folded.translate(_MARKS).split())


# A roster repeats its texts; only short ones are kept, whatever a caller sends.
_SHORT = 200
_fold_short = lru_cache(8192)(_fold)


_PROVINCES = {
    "省": "河北 山西 辽宁 吉林 黑龙江 江苏 浙江 安徽 福建 江西 山东 河南 湖北 湖南 广东 海南 四川 贵州"
    " 云南 陕西 甘肃 青海 台湾",
    "市": "北京 天津 上海 重庆",
    "自治区": "内蒙古 西藏",
    "壮族自治区": "广西",
    "回族自治区": "宁夏",
    "维吾尔自治区": "新疆",
}
# Two characters tell the provinces apart: name and suffix of each.
_BY_START = {name[:2]: (name, name + suffix) for suffix, names in _PROVINCES.items() for name in names.split()}
_CITY = re.compile(r"[\u4e00-\u9fff]{2,10}?(?:市|自治州|地区|盟)")


def is_same_address(asked: str, stated: str) -> bool:
    """Whether two addresses are the same but for a province or city that only one of them names.

    Where both begin with a province it must be the same; its suffix (省, 自治区) may be left out before a city. After
    that one may go on with a city (…市, …自治州, …地区, …盟) before all of the other. Nothing else may differ.
    """
    (province, rest), (other_province, other_rest) = _split_province(fold(asked)), _split_province(fold(stated))
    if province and other_province and province != other_province:
        return False
    short, long = (rest, other_rest) if len(rest) <= len(other_rest) else (other_rest, rest)
    if not short or not long.endswith(short):
        return False
    return short == long or _CITY.fullmatch(long, 0, len(long) - len(short)) is not None


def _split_province(address: str) -> tuple[str, str]:
    name, full = _BY_START.get(address[:2], ("", ""))
    if name and address.startswith(full):
        return name, address[len(full) :]
    # Without its suffix a province counts only before a city: 湖南路 is a street.
    if name and address.startswith(name) and _CITY.match(address, len(name)):
        return name, address[len(name) :]
    return "", address


_DATE = re.compile(r"(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?")


def _fold_date(text: str) -> str:
    """YYYY-MM-DD of 1978-10-27, 1978/10/27, 1978.10.27, 1978年10月27日 or 19781027; other texts folded."""
    folded = fold(text)
    parts = _DATE.fullmatch(folded)
    return f"{parts[1]}-{parts[2]:0>2}-{parts[3]:0>2}" if parts else folded


def _status_words() -> dict[str, int]:
    """Every word for a status: its code, its labels, its name."""
    words = {"在业": 1, "在营": 1, "开业": 1, "在册": 1}
    for number, label_zh, label_en in standards.codes(operator_pb2.OperatorStatus.DESCRIPTOR):
        words |= dict.fromkeys((str(number), fold(label_zh), fold(label_en), fold(label_en).replace(",", "")), number)
    for name, number in operator_pb2.OperatorStatus.items():
        words |= dict.fromkeys((fold(name), fold(name.removeprefix("OPERATOR_STATUS_"))), number)
    return words


_STATUS_WORDS = _status_words()


def check_status(text: str) -> None:
    """Checks that a text names a status; an empty one asks nothing.

    Raises:
        NodeError: INVALID_ARGUMENT; it names the statuses there are.
    """
    if text and fold(text).partition("(")[0] not in _STATUS_WORDS:
        known = ", ".join(
            f"{number} {zh}" for number, zh, _en in standards.codes(operator_pb2.OperatorStatus.DESCRIPTOR)
        )
        raise NodeError(
            Reason.INVALID_ARGUMENT, _("no status {text!r}; there are {known}", text=text[:40], known=known)
        )


def check_day(text: str) -> None:
    """Checks that a text is a day in a form that `compare` reads; an empty one asks nothing.

    Raises:
        NodeError: INVALID_ARGUMENT; what is no day would only ever differ.
    """
    try:
        if text:
            date.fromisoformat(_fold_date(text))
    except ValueError:
        raise NodeError(Reason.INVALID_ARGUMENT, _("no day {text!r}; write it as 2020-01-31", text=text[:40])) from None


def _is_same_text(asked: str, stated: str | int) -> bool:
    return fold(asked) == fold(str(stated))


def _is_same_address(asked: str, stated: str | int) -> bool:
    return is_same_address(asked, str(stated))


def _is_same_date(asked: str, stated: str | int) -> bool:
    return _fold_date(asked) == _fold_date(str(stated))


def _is_same_status(asked: str, stated: str | int) -> bool:
    # 国家企业信用信息公示系统 writes 存续（在营、开业、在册）.
    return _STATUS_WORDS.get(fold(asked).partition("(")[0]) == stated


def _fields() -> tuple[_Field, ...]:
    facets = {field.path: field.facet for field in standards.get(REGISTRATION).fields}
    return (
        _Field("name", facets["name"], lambda body: body.name, _is_same_text),
        _Field(
            "address", facets["registered_address"], lambda body: body.registered_address.text, _is_same_address, 500
        ),
        _Field(
            "legal_representative",
            facets["legal_representative"],
            lambda body: body.legal_representative,
            _is_same_text,
        ),
        _Field("entity_type", facets["entity_type"], lambda body: body.entity_type, _is_same_text),
        _Field("status", facets["status"], lambda body: body.status, _is_same_status),
        _Field("established_on", facets["established_on"], lambda body: body.established_on, _is_same_date),
    )


_FIELDS = _fields()
_CODES = frozenset(
    field.facet for field in standards.get(REGISTRATION).fields if field.path in ("uscc", "legacy_number")
)
_PUBLIC = frozenset(facet.number for facet in standards.get(REGISTRATION).facets if facet.level == 1)


def public_facets() -> frozenset[int]:
    """The facets of an operator's registration whose fields are all public (L1)."""
    return _PUBLIC


def too_long(question: Question) -> str:
    """The first field of a question that is longer than any record may have it; empty where none is.

    It is not looked at further: what is normalised may become eighteen times as long.
    """
    return next((field.name for field in _FIELDS if len(getattr(question, field.name)) > field.longest), "")


def names(subject: str, body: OperatorRegistration, seen: frozenset[int]) -> bool:
    """Whether a record is about a subject that its header names; so it is taken to be where its codes are hidden."""
    return not seen >= _CODES or subject in (f"uscc:{body.uscc}", f"reg:{body.legacy_number}")


def compare(question: Question, body: OperatorRegistration, seen: frozenset[int]) -> Comparison:
    """Compares the fields that a question states.

    Args:
        question: Its empty fields are not compared; its code has led to the record already.
        body: The facets of the record that the asker may see.
        seen: The numbers of those facets.
    """
    comparison = Comparison([], [])
    for name, facet, read, is_same, _label in _FIELDS:
        asked = getattr(question, name)
        if asked:
            verdict = _judge(asked, read(body), is_same) if facet in seen else Verdict.UNSEEN
            if verdict is Verdict.DIFFERENT:
                comparison.mismatches.append(name)
            elif verdict is Verdict.UNSEEN:
                comparison.unseen.append(name)
    return comparison


def _judge(asked: str, stated: str | int, is_same: Callable[[str, str | int], bool]) -> Verdict:
    if not stated:
        return Verdict.UNSEEN
    if asked == stated or is_same(asked, stated):
        return Verdict.SAME
    if isinstance(stated, str) and "*" in stated:
        return _judge_hidden(fold(asked), fold(stated))
    return Verdict.DIFFERENT


def _judge_hidden(asked: str, stated: str) -> Verdict:
    """Compares with a text in which the source put stars: what stands before and after them may contradict."""
    head, _, rest = stated.partition("*")
    tail = rest.rpartition("*")[2]
    return Verdict.UNSEEN if asked.startswith(head) and asked.endswith(tail) else Verdict.DIFFERENT
