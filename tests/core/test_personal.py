"""Numbers of persons in texts that everybody may read. Every number here is made up."""

from collections.abc import Iterator

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn

from node.core.standards.personal import Kind, find_personal, is_registration_number, mask_personal
from node.core.standards.public_texts import public_texts
from node.core.standards.standard import Field, Standard, standards
from node.stubs.standard.v1 import options_pb2
from node.stubs.standard.v1.operator_pb2 import Capital, OperatorRegistration
from node.stubs.standard.v1.penalty_pb2 import Penalty

ID_NUMBER = "430102190001010015"
OLD_ID_NUMBER = "430102600101001"
MOBILE = "13800001234"
CARD = "622202100111624570" + luhn.calc_check_digit("622202100111624570")
WIDE = str.maketrans("0123456789", "０１２３４５６７８９")


@pytest.mark.parametrize("write", [
    str, lambda number: number.translate(WIDE), " ".join, "-".join, " - ".join, "\u200b".join,
    lambda number: f"{number[:6]} {number[6:14]}-{number[14:]}",
])  # fmt: skip
@pytest.mark.parametrize("around", ["{}", "当事人（身份证号{}，住长沙）", "号码：{}。", "3.{}", "No {}", "{}号"])
@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (ID_NUMBER, Kind.ID_NUMBER), ("11010519491231002X", Kind.ID_NUMBER), ("11010519491231002x", Kind.ID_NUMBER),
        ("11010519491231002×", Kind.ID_NUMBER), ("11010519491231002Ⅹ", Kind.ID_NUMBER),
        (OLD_ID_NUMBER, Kind.ID_NUMBER), (CARD, Kind.BANK_CARD), (MOBILE, Kind.MOBILE), (f"86{MOBILE}", Kind.MOBILE),
    ],
)  # fmt: skip
def test_a_number_is_found_however_it_is_written(number: str, kind: Kind, around: str, write) -> None:  # type: ignore[no-untyped-def]
    text = around.format(write(number))
    assert [found.kind for found in find_personal(text)] == [kind]
    assert find_personal(mask_personal(text)) == []


@pytest.mark.parametrize(
    "text",
    [
        "91430100MAA090012X", "914301001840877603", "12430101MB0T12345X", "430102190001010016", "430102190013010015",
        "990102190001010015", "43010219000101001512", "202103141592653589", "长市监处罚〔2026〕1101号", "6901234567892",
        "JY14301020012345", "4301002012345", "138****1234", "0731-88888888", "430100000012345", "2026-03-02 2099-12-31",
        "SF13800001234", "4367421234567890", "12800001234",
    ],
)  # fmt: skip
def test_other_numbers_are_none_of_a_person(text: str) -> None:
    assert find_personal(text) == []


def test_several_numbers_of_one_text_are_told_with_their_places() -> None:
    text = f"王某{ID_NUMBER} {MOBILE}，卡号{CARD}"
    assert [text[start:end] for _, start, end in find_personal(text)] == [ID_NUMBER, MOBILE, CARD]
    assert mask_personal(f"王某{ID_NUMBER} {MOBILE}") == "王某430**************5 138****1234"


def test_a_card_of_another_clearing_counts_where_words_say_it_is_one() -> None:
    number = "436742001122334" + luhn.calc_check_digit("436742001122334")
    assert find_personal(f"许可证{number}") == []
    assert [found.kind for found in find_personal(f"收款卡号：{number}")] == [Kind.BANK_CARD]


def test_a_registration_number_has_a_check_digit() -> None:
    assert is_registration_number("430102600101000") is False
    assert any(is_registration_number(f"43010260010100{last}") for last in range(10))


@given(st.text("0123456789Xx- ，号", max_size=80))
def test_what_is_found_is_within_the_text_and_goes_when_masked(text: str) -> None:
    ends = [0]
    for _, start, end in find_personal(text):
        assert ends[-1] <= start < end <= len(text)
        ends.append(end)
    assert len(mask_personal(text)) == len(text)
    assert not [found for found in find_personal(mask_personal(text)) if found.kind is Kind.ID_NUMBER]


def test_a_long_row_of_digits_takes_linear_time() -> None:
    """256 KiB is the largest body; a search that looked back would take minutes."""
    for text in ("1" * 300_000, "1 " * 150_000, "1   " * 75_000, "1    " * 60_000):
        find_personal(text)


def _public_strings() -> Iterator[tuple[Standard, Field]]:
    for standard in standards():
        public = {facet.number for facet in standard.facets if facet.name == "public"}
        for field in standard.fields:
            if field.facet in public and field.descriptor.type == FieldDescriptor.TYPE_STRING:
                yield standard, field


def _lines() -> Iterator[tuple[Standard, Field]]:
    """Fields of one line that some may read who may not read ID numbers, which are L4."""
    for standard in standards():
        read_by_some = {facet.number for facet in standard.facets if 1 < facet.level < 4}
        for field in standard.fields:
            is_line = field.options.check == options_pb2.CHECK_LINE
            if is_line and field.facet in read_by_some and field.descriptor.type == FieldDescriptor.TYPE_STRING:
                yield standard, field


def _names_person(field: Field) -> bool:
    """Officers, contacts, legal representatives, and parties, some of which are persons; by what a reader is shown."""
    return (
        field.label_zh in {"姓名", "法定代表人", "复核人"}
        or field.descriptor.full_name == "node.standard.v1.Party.name"
    )


def _with(standard: Standard, path: str, value: str) -> Message:
    """A message that holds a value at a path and nothing else."""
    whole = standard.message_type()
    message: Message = whole
    *within, last = path.split(".")
    for name in within:
        message = getattr(message, name[:-2]).add() if name.endswith("[]") else getattr(message, name)
    if message.DESCRIPTOR.fields_by_name[last].is_repeated:
        getattr(message, last).append(value)
    else:
        setattr(message, last, value)
    return whole


@pytest.mark.parametrize(
    ("standard", "field"), [pytest.param(*each, id=f"{each[0].name}:{each[1].path}") for each in _public_strings()]
)
def test_no_public_field_of_any_standard_takes_an_id_number_unseen(standard: Standard, field: Field) -> None:
    for written in (ID_NUMBER, ID_NUMBER.translate(WIDE), " ".join(ID_NUMBER)):
        message = _with(standard, field.path, written)
        found = [each for each in standard.findings(message) if each.field.replace("[0]", "[]") == field.path]
        assert found, "an ID number passes"
        assert all(written not in each.message for each in found)
        if all(each.warning for each in found):
            standard.mask_personal(message)
            assert written.encode() not in message.SerializeToString()


def test_every_public_facet_is_looked_at() -> None:
    """The facet that the standards call public is the one of level 1."""
    for standard in standards():
        assert {facet.name for facet in standard.facets if facet.level == 1} <= {"public"}
        assert {facet.level for facet in standard.facets if facet.name == "public"} <= {1}


def test_a_field_that_is_not_for_it_is_refused_and_a_free_text_warned_of() -> None:
    penalty = Penalty(institution_number=ID_NUMBER, facts=f"身份证{ID_NUMBER}，手机{MOBILE}", content=CARD)
    texts = public_texts(Penalty.DESCRIPTOR, [1])
    assert [(each.field, each.reason, each.warning) for each in texts.findings(penalty)] == [
        ("facts", "personal_id_number", True),
        ("facts", "personal_mobile", True),
        ("content", "personal_bank_card", True),
        ("institution_number", "personal_id_number", False),
    ]


@pytest.mark.parametrize(
    ("standard", "path"),
    [
        pytest.param(standard, field.path, id=f"{standard.name}:{field.path}")
        for standard, field in _lines()
        if _names_person(field)
    ],
)
def test_no_name_that_others_may_read_takes_an_id_number(standard: Standard, path: str) -> None:
    for written in (ID_NUMBER, f"张某{ID_NUMBER.translate(WIDE)}", f"张某（{' '.join(ID_NUMBER)}）", OLD_ID_NUMBER):
        message = _with(standard, path, written)
        told = [each for each in standard.findings(message) if each.reason == "personal_id_number"]
        assert [each.warning for each in told] == [False], written
        assert written not in told[0].message
        assert "column" not in told[0].message  # an act of a case has none


@pytest.mark.parametrize(
    ("standard", "path"),
    [
        pytest.param(standard, field.path, id=f"{standard.name}:{field.path}")
        for standard, field in _lines()
        if not _names_person(field)
    ],
)
def test_names_of_goods_shops_and_exhibits_may_hold_any_number(standard: Standard, path: str) -> None:
    for written in (f"手机 IMEI{OLD_ID_NUMBER}", "手机 IMEI352099700515481", f"{ID_NUMBER}.jpg"):
        message = _with(standard, path, written)
        assert not [each for each in standard.findings(message) if each.reason == "personal_id_number"], written


@pytest.mark.parametrize("name", ["张某", "买买提·艾力", "13800001234", "长沙示例1号商贸有限公司（2026）"])
def test_other_names_of_a_legal_representative_are_taken(name: str) -> None:
    standard = next(each for each in standards() if each.name == "penalty")
    found = standard.findings(Penalty(legal_representative=name))
    assert not [each for each in found if each.field == "legal_representative"]


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (OperatorRegistration(legacy_number="430102600101008"), "legacy_number"),
        (OperatorRegistration(legacy_number="440301501127098(0-1)"), "legacy_number"),
        (OperatorRegistration(capital=Capital(stated=MOBILE)), "capital.stated"),
        (OperatorRegistration(phone=MOBILE, id_number=ID_NUMBER), "phone"),
    ],
)
def test_fields_that_are_for_such_numbers_take_them(message: Message, field: str) -> None:
    standard = next(each for each in standards() if each.name == "operator.registration")
    assert not [each for each in standard.findings(message) if each.reason.startswith("personal")]
