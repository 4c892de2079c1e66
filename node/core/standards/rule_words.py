"""What breaks a rule of a standard, in words: never the regular expression that a program checks by."""

from collections.abc import Mapping
from types import MappingProxyType

_RULES: Mapping[str, str] = MappingProxyType(
    {
        "required": "必须填写 · must be stated",
        "string.max_len": "不得超过{limit}个字 · at most {limit} characters",
        "string.min_len": "不得少于{limit}个字 · at least {limit} characters",
        "bytes.max_len": "不得超过{limit}个字节 · at most {limit} bytes",
        "bytes.len": "须为{limit}个字节 · exactly {limit} bytes",
        "enum.defined_only": "不是代码表中的代码 · no code of the list",
        "enum.not_in": "代码须载明 · a code must be stated",
        "repeated.min_items": "至少{limit}项 · at least {limit} items",
        "repeated.max_items": "不得超过{limit}项 · at most {limit} items",
        "repeated.unique": "有重复的项 · an item stands there twice",
        "uint32.gte": "不得小于{limit} · at least {limit}",
        "uint32.lte": "不得大于{limit} · at most {limit}",
        "int64.gte": "不得小于{limit} · at least {limit}",
        "int64.gt": "须大于{limit} · more than {limit}",
        "uint64.lte": "不得大于{limit} · at most {limit}",
    }
)

_RECORD_ID = "须为记录编号，如 changsha-12 · the id of a record, such as changsha-12"
_CITY = "须为城市代号，如 changsha · the name of a city in the federation, such as changsha"
_USCC = "统一社会信用代码为18位数字或大写字母 · 18 digits or capital letters of a unified social credit code"
_NUMBER_OF_DOCUMENT = (
    "须为完整文号，如 长市监案移〔2026〕1号 · a whole number of a document, such as 长市监案移〔2026〕1号"
)
_PATTERNS: Mapping[str, str] = MappingProxyType(
    {
        r"^([a-z][a-z0-9]{1,31}-(0|[1-9][0-9]{0,18}))?$": _RECORD_ID,
        r"^[a-z][a-z0-9]{1,31}-(0|[1-9][0-9]{0,18})$": _RECORD_ID,
        r"^[a-z][a-z0-9_]*$": "须为流程中的办理事项名称 · the name of an act of the workflow",
        r"^[a-z][a-z0-9]{1,31}$": _CITY,
        r"^([a-z][a-z0-9]{1,31})?$": _CITY,
        r"^\S*$": "不得含有空格 · no blanks within",
        r"^([0-9a-f]{64})?$": "须为64位小写十六进制摘要 · 64 hexadecimal digits of a digest, small letters",
        r"^([0-9A-HJ-NPQRTUWXY]{18})?$": _USCC,
        r"^[0-9A-HJ-NPQRTUWXY]{18}$": _USCC,
        r"^([0-9]{6})?$": "须为6位行政区划代码 · six digits of a division",
        r"^[0-9A-Za-z-]*$": "只能有字母、数字和连字符 · letters, digits and hyphens only",
        r"^[0-9A-Z-]*$": "只能有大写字母、数字和连字符 · capital letters, digits and hyphens only",
        r"^([A-Z]{3})?$": "须为三个大写字母的币种代码，如 CNY · a currency of three capital letters, such as CNY",
        r"^(https?://\S+)?$": "须为网址，以 http:// 或 https:// 开头 · an address that begins with http:// or https://",
        r"^([0-9A-Z()]{5,30})?$": "证件号码为5至30位数字、大写字母或括号 · 5 to 30 digits, capital letters or brackets",
        r"^([0-9+(][0-9 ()+/,;-]{4,60})?$": (
            "电话号码应为 0731-88888888、0731-88888888-8001 或 13800001234 · "
            "a telephone number such as 0731-88888888, 0731-88888888-8001 or 13800001234"
        ),
        r"^([0-9]{4})?$": "须为4位数字 · four digits",
        r"^(\S+[〔\[［(（【][12][0-9]{3}[〕\]］)）】]\S*[0-9]+号)?$": _NUMBER_OF_DOCUMENT,
        r"^(\S*市监\S*[〔\[［(（【][12][0-9]{3}[〕\]］)）】]\S*[0-9]+号)?$": _NUMBER_OF_DOCUMENT,
    }
)


def in_words(rule: str, limit: object) -> str | None:
    """What a rule asks for, "<Chinese> · <English>"; None for a rule without words.

    Args:
        rule: Its id, such as `string.max_len`.
        limit: Its value: 200, or the regular expression of `string.pattern`.
    """
    if rule == "string.pattern":
        return _PATTERNS.get(str(limit))
    words = _RULES.get(rule)
    return words.format(limit=limit) if words else None
