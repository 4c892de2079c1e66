"""What a question, a screening, a call or a command came to, in words: English tables keep the code, as JSON does."""

from collections import Counter
from collections.abc import Iterable

from node.core.reason_texts import kept_message
from node.messages import Message, _, both, render
from node.stubs.query.v1 import query_pb2 as query

_RESULTS = {
    # of a question about an operator
    "match": "一致",
    "mismatch": "不一致",
    "not_found": "查无记录",
    "ambiguous": "多市有记录",
    "stale": "逾期未确认",
    "doubtful": "存疑",
    "unanswered": "未答复",
    # of a row that is screened
    "hit": "命中",
    "no_hit": "未列入",
    "no_key": "无代码",
    "republished": "再次公示",
    # of a command or a call
    "begun": "已开始",
    "done": "已完成",
    "exit": "退出码",
    "asked": "已申请",
    "bytes": "字节",
    "records": "记录",
    "retracted": "已撤回",
    "stored": "已存入",
}
_FIELDS = {
    "name": "名称",
    "address": "登记住所",
    "legal_representative": "法定代表人",
    "entity_type": "主体类型",
    "status": "登记状态",
    "established_on": "成立日期",
}


def result_name(result: "query.Result.ValueType") -> str:
    """The code of an answer: `match`, `not_found`."""
    return query.Result.Name(result).removeprefix("RESULT_").lower()


def result_text(result: str) -> Message:
    """A result for a table: `match`, `exit 2`, `match=3 mismatch=1`, or the reason code of an error."""
    words = [part.partition("=") for part in result.split(" ")]
    if words[0][0] not in _RESULTS:
        return kept_message(result, result)
    return both(result, " ".join(_RESULTS.get(name, name) + equals + value for name, equals, value in words))


def field_texts(fields: Iterable[str]) -> Message:
    """The fields of a question that differ or that could not be compared."""
    return _("{fields}", fields=[both(name, _FIELDS.get(name, name)) for name in fields])


def counts_text(counts: Counter[str]) -> Message:
    """How many rows came to which result, the most frequent first."""
    parts = [(result_text(result), f"{count}") for result, count in counts.most_common()]
    return both("  ".join(map(" ".join, parts)), "  ".join(f"{render(text, 'zh')} {count}" for text, count in parts))
