"""A number that a record is filed under is the one it is found by: whoever asks by the same number gets the record."""

import pytest
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from node.core.screening import keys_of
from node.core.standards.party_key import code_of, key_in_cell, problem_of_code, problem_of_licence
from node.core.standards.standard import Field, Standard, standards
from node.stubs.screening.v1.screening_pb2 import Entry

LICENCE, CODE = "JY11108071215650", "914300007121944054"
NUMBERS = (
    "430100000012345", "4301000012345", "430104000012345-01", "4403015011270(0-1)", "湘长工商字第123号",
    "湘长沙市岳麓区工商个字第12345号", CODE, LICENCE, "SCXK(湘)2011-0001", "430102190001010015",
)  # fmt: skip
LABELS = (
    "",
    "注册号：",
    "注册号:",
    "工商注册号",
    "营业执照编号 ",
    "许可证编号：",
    "NO.",
    "统一社会信用代码:",
    "(430100)",
)


def number_fields(standard: Standard) -> list[Field]:
    """What names whom a record is about by a number that is asked for, not a case or an HMAC."""
    return [field for field in standard.fields if field.options.subject in ("uscc", "reg", "licence")]


FIELDS = [
    pytest.param(standard, field, id=f"{standard.name}-{field.path}")
    for standard in standards()
    for field in number_fields(standard)
]


def set_number(message: Message, path: str, number: str) -> None:
    *way, last = path.split(".")
    for name in way:
        is_list = name.endswith("[]")
        message = getattr(message, name.removesuffix("[]"))
        if is_list:
            message = message.add()  # type: ignore[attr-defined]
    setattr(message, last, number)


def is_taken(standard: Standard, path: str, number: str) -> bool:
    message = standard.message_type()
    set_number(message, path, number)
    bare = path.replace("[]", "[0]")
    return not [each for each in standard.findings(message) if each.field == bare and not each.warning]


def filed_under(standard: Standard, path: str, number: str) -> list[str]:
    message = standard.message_type()
    set_number(message, path, number)
    return standard.subjects(message)


def asked_by(kind: str, number: str) -> list[str]:
    """What a roster asks for whose cell says it, with or without a label."""
    cells = {"licence_number" if kind == "licence" else "uscc": number}
    code, _ = code_of(cells)
    licence = key_in_cell(cells.get("licence_number", ""))
    return [key.subject for key in keys_of(Entry(uscc=code, licence_number=licence))]


written = st.builds(
    lambda label, number, dress: dress(label + number),
    st.sampled_from(LABELS),
    st.sampled_from(NUMBERS) | st.from_regex(r"[0-9A-Z]{1,20}", fullmatch=True),
    st.sampled_from(
        [str, str.lower, lambda text: f"'{text}", lambda text: f"“{text}”", lambda text: f"\u200b{text}",
         lambda text: text.translate(str.maketrans("0123456789", "０１２３４５６７８９"))]
    ),
)  # fmt: skip


@pytest.mark.parametrize(("standard", "field"), FIELDS)
@given(number=written)
def test_a_number_that_is_taken_is_found_by_itself(standard: Standard, field: Field, number: str) -> None:
    if is_taken(standard, field.path, number):
        assert filed_under(standard, field.path, number) == asked_by(field.options.subject, number)


@pytest.mark.parametrize(
    ("kind", "number", "reason"),
    [
        ("reg", "注册号:430100000012345", "key_form"),
        ("reg", "NO.430100000012345", "key_form"),
        ("reg", "４３０1000000012345", "key_form"),
        ("reg", "4301a0000012345", "key_form"),
        ("reg", "'430100000012345", "key_form"),
        ("reg", CODE, "code_as_number"),
        ("reg", f"统一社会信用代码:{CODE}", "code_as_number"),
        ("reg", "4.30104E+14", "number_mangled"),
        ("reg", "430102190001010015", "id_number_as_code"),
        ("licence", f"许可证编号:{LICENCE}", "key_form"),
        ("licence", "scxk(湘)2011-0001", "key_form"),
        ("licence", "SCXK（湘）2011-0001", "key_form"),
        ("licence", "4.30104E+14", "number_mangled"),
        ("licence", "430102190001010015", "id_number_as_code"),
    ],
)
def test_any_other_is_refused_with_the_reason(kind: str, number: str, reason: str) -> None:
    for standard in standards():
        for field in number_fields(standard):
            if field.options.subject == kind:
                message = standard.message_type()
                set_number(message, field.path, number)
                bare = field.path.replace("[]", "[0]")
                reasons = [each.reason for each in standard.findings(message) if each.field == bare]
                # Where everybody may read the field, it is also said that an ID number stands there.
                assert [each for each in reasons if each != "personal_id_number"] == [reason], standard.name


@pytest.mark.parametrize("number", ["430100000012345", "430104000012345-01", "4403015011270(0-1)", "湘长工商字第123号"])
def test_an_older_registration_number_is_taken(number: str) -> None:
    for standard in standards():
        for field in number_fields(standard):
            if field.options.subject == "reg":
                assert is_taken(standard, field.path, number)
    assert problem_of_code(number) is None


def test_a_label_before_a_licence_clears_nobody() -> None:
    """A program asks as it likes: by a label the service would find nothing, and say that nobody is on a list."""
    for label in LABELS[5:7]:
        problem = problem_of_licence(label + LICENCE)
        assert problem is not None, label
        assert problem.reason == "key_form"
