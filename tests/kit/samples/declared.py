"""Records made from their declaration: each field as its rules want it, or only just not."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from hypothesis import strategies as st

from node.core.standards.standard import Standard
from node.stubs.buf.validate import validate_pb2
from node.stubs.standard.v1 import act_pb2, notice_pb2, options_pb2, policy_pb2
from node.stubs.standard.v1 import operator_pb2 as op
from tests.kit.samples.standards import COLLEAGUE, HMAC, LETTER, OFFICER, RESIDENT_ID, SAMPLES, USCC

Place = tuple[Message, FieldDescriptor]
"""A field within a message."""

_BY_PATTERN = {
    r"^([a-z][a-z0-9]{1,31}-(0|[1-9][0-9]{0,18}))?$": ["changsha-3", "wuhan-0"],
    r"^[a-z][a-z0-9]{1,31}-(0|[1-9][0-9]{0,18})$": ["changsha-3", "wuhan-0"],
    r"^[a-z][a-z0-9_]*$": ["open"],
    r"^[a-z][a-z0-9]{1,31}$": ["wuhan"],
    r"^([a-z][a-z0-9]{1,31})?$": ["wuhan"],
    r"^([0-9a-f]{64})?$": ["ab" * 32],
    r"^([A-Z]{3})?$": ["CNY"],
    r"^(https?://\S+)?$": ["https://shop.example/1"],
    r"^([0-9+(][0-9 ()+/,;-]{4,60})?$": ["0731-01234567", "13800138000"],
    r"^([0-9]{4})?$": ["1130"],
    r"^(\S+[〔\[［(（【][12][0-9]{3}[〕\]］)）】]\S*[0-9]+号)?$": ["长市监处置〔2026〕3号", "长市监函[2025]第12号"],
    r"^(\S*市监\S*[〔\[［(（【][12][0-9]{3}[〕\]］)）】]\S*[0-9]+号)?$": ["长市监立案〔2026〕3号"],
}
_BY_CHECK = {
    options_pb2.CHECK_USCC: [USCC, "91420100MA00TEXT0W"],
    options_pb2.CHECK_LICENCE: ["JY11108071215650", "SCXK(京)2019-0010"],
    options_pb2.CHECK_RESIDENT_ID: [RESIDENT_ID],
    options_pb2.CHECK_GTIN: ["6901234567892"],
    options_pb2.CHECK_REGION: ["430104", "420106"],
    options_pb2.CHECK_DATE: ["2026-05-01", "2026-05-04", "2025-12-31", "2026-10-31", "2027-05-01"],
}
_PLAIN = ["张某", "某某食品有限公司", "430100000012345", "A-1"]
# What Python, RE2 and CEL read each in its own way, and what must not stand in a text that everybody may read.
_ODD = [
    "",
    " ",
    "\n",
    "\x00",
    "\x0b",
    "\x85",
    "\u3000",
    "\u2028",
    "2024-02-30",
    "2024-W05-3",
    "20240131",
    "9999-12-31",
    "２０２４-01-31",
    "430100000012346",
    "000000",
    "430000000000000",
    f"张某{RESIDENT_ID}",
    "电话１３８ 0013 8000",
    "4301000a0012345",
    "\U0002070e" * 200,
    "9143010OMA00TEXT01",
    "91430100MA00TEXT02",
    "JY11108071215651",
]


def good(standard: Standard) -> list[Message]:
    """Records of a standard in which nothing is to mend."""
    return [message for message in _good() if isinstance(message, standard.message_type)]


@cache
def _good() -> list[Message]:
    address = op.Address(text="长沙市岳麓区某路1号", region6="430104")
    rejected, repaired, designated = (SAMPLES[name]() for name in ("complaint", "credit.repair", "referral"))
    _set(rejected, rejection_grounds=[1], rejection_redirect="向人民法院起诉")
    _set(repaired, outcome=1, decision_number="长市监修〔2026〕1号", decided_on="2026-05-06")
    reorganised, checked = SAMPLES["credit.repair"](), SAMPLES["credit.repair"]()
    _set(reorganised, kind=6, temporary_until="2026-10-31")
    _set(checked, kind=4, target_number="长市监抽查〔2026〕1号")
    restricted = SAMPLES["listing.serious"]()
    restricted.penalty.kinds.append(9)  # type: ignore[attr-defined]
    _set(designated, designated_city="wuhan", designation_number="鄂市监指〔2026〕1号")
    return [
        rejected,
        repaired,
        reorganised,
        checked,
        restricted,
        designated,
        *(make() for make in SAMPLES.values()),
        op.OperatorRegistration(
            uscc=USCC,
            name="某某商贸有限公司",
            registered_address=address,
            capital=op.Capital(amount_hundredths=67_900_000, currency="CNY", stated="67.9000(万元)"),
            licences=[op.Licence(kind=op.LICENCE_KIND_OTHER, number="A-1", status=op.LICENCE_STATUS_VALID)],
            stores=[op.Store(platform="某平台", name="某店", url="https://shop.example/1", account="a1")],
        ),
        notice_pb2.CaseNotice(
            case="changsha-3",
            kind=notice_pb2.NOTICE_KIND_STORED,
            record="changsha-4",
            leaf_hash=HMAC,
            more=[notice_pb2.Receipt(case="changsha-3", record="changsha-5", leaf_hash=HMAC)],
        ),
        policy_pb2.PolicyChange(grants=[policy_pb2.Grant(peer="wuhan", purpose="p", grant="g")]),
    ]


def _set(message: Message, **fields: Any) -> None:
    message.MergeFrom(type(message)(**fields))


def _acts() -> list[Message]:
    """An act with every field stated."""
    return [
        act_pb2.Act(
            case="changsha-3",
            act="note",
            follows=["changsha-3"],
            city="wuhan",
            platform="某平台",
            maker=OFFICER,
            approver=COLLEAGUE,
            officers=[OFFICER, COLLEAGUE],
            article="第三条",
            reasons="某某",
            document_number="长市监函〔2026〕1号",
            date="2026-05-02",
            documents=[LETTER],
            extends_by=15,
        )
    ]


def _whole(descriptor: Descriptor) -> Message:
    """A message with every field stated, each by itself as its rules want it."""
    message = GetMessageClass(descriptor)()
    for field in descriptor.fields:
        put((message, field), _whole(field.message_type) if field.message_type else right_values(field)[0])
    return message


@cache
def _parts() -> dict[str, list[Message]]:
    """Good messages by their type: the records, and what stands within them."""
    parts: dict[str, list[Message]] = {}
    for message in [*_good(), *_acts()]:
        for part in within(message):
            parts.setdefault(part.DESCRIPTOR.full_name, []).append(part)
    return parts


def within(message: Any) -> Iterator[Any]:
    """A message and every message within it."""
    yield message
    for field, value in message.ListFields():
        if field.message_type:
            for part in value if field.is_repeated else [value]:
                yield from within(part)


def right_values(field: FieldDescriptor) -> list[Any]:
    """Values, none of them empty, that the field's rules allow, or items of its list."""
    rules = field.GetOptions().Extensions[validate_pb2.field]
    check = field.GetOptions().Extensions[options_pb2.field].check
    if field.message_type:
        return [*_parts().get(field.message_type.full_name, []), _whole(field.message_type)]
    if field.enum_type:
        return [value.number for value in field.enum_type.values if value.number]
    if field.type == FieldDescriptor.TYPE_BYTES:
        return [HMAC]
    if field.type != FieldDescriptor.TYPE_STRING:
        return [1, 366]
    most = min((rules.repeated.items.string if field.is_repeated else rules.string).max_len or 200, 8000)
    return [*_BY_CHECK.get(check, []), *_BY_PATTERN.get(pattern_of(field), []), *_PLAIN, "某" * most]


def pattern_of(field: FieldDescriptor) -> str:
    """The pattern of a text, or of the texts in a list; empty where it has none."""
    rules = field.GetOptions().Extensions[validate_pb2.field]
    return (rules.repeated.items.string if field.is_repeated else rules.string).pattern


def odd_values(field: FieldDescriptor) -> list[Any]:
    """Values that the field's rules may not allow."""
    if field.message_type:
        return [GetMessageClass(field.message_type)()]
    if field.enum_type:
        return [0, -1, 98765]
    if field.type == FieldDescriptor.TYPE_BYTES:
        return [b"", HMAC[:-1], HMAC + b"\0"]
    if field.type != FieldDescriptor.TYPE_STRING:
        return [0, 367, 2**31, *([-1] if field.type == FieldDescriptor.TYPE_INT64 else [])]
    long = max(right_values(field), key=len)
    return [*_ODD, long + "某", *(value + odd for value in right_values(field)[:3] for odd in ("\n", " ", "\x0b"))]


def put(place: Place, value: Any) -> None:
    """Sets a field to a value; adds it to a list."""
    message, field = place
    if field.is_repeated:
        items = getattr(message, field.name)
        items.append(value)
    elif field.message_type:
        getattr(message, field.name).CopyFrom(value)
    else:
        setattr(message, field.name, value)


def places(message: Any) -> list[Place]:
    """Every field of a message and of those within it."""
    return [(part, field) for part in within(message) for field in part.DESCRIPTOR.fields]


@st.composite
def nearly_right(draw: st.DrawFn, standard: Standard) -> Message:
    """A good record, or an empty one, with a few fields changed."""
    bases = [*good(standard), standard.message_type()]
    message = type(bases[0])()
    message.CopyFrom(draw(st.sampled_from(bases)))
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.sampled_from(places(message)))
        change = draw(st.sampled_from(("right", "right", "right", "odd", "shaped", "clear", "many")))
        if change == "clear":
            place[0].ClearField(place[1].name)
        elif change == "many" and place[1].is_repeated:
            value = draw(st.sampled_from(right_values(place[1])))
            for _ in range(draw(st.sampled_from((2, 8, 9, 21, 101)))):
                put(place, value)
        elif change == "shaped" and (pattern := pattern_of(place[1])):
            # In Python `$` stands before a last line end, too: a value that the rule does not allow.
            put(place, draw(st.from_regex(pattern)))
        else:
            put(place, draw(st.sampled_from((right_values if change == "right" else odd_values)(place[1]))))
    return message
