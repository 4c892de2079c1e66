"""The shipped mappings of public sources: 双公示 penalties and the national publicity system. Every row is made up."""

import pytest

from adapters.rows import Body
from node.core.standards.standard import get
from node.stubs.standard.v1 import operator_pb2 as op
from node.stubs.standard.v1 import party_pb2 as party
from node.stubs.standard.v1.penalty_pb2 import PenaltyKind
from tests.kit.samples.published import PENALTY, mapped, penalty, record
from tests.kit.samples.registry import uscc

GSXT = {
    "uniscId": uscc(8), "entName": "某某商贸有限公司", "regNo": "420100000012345", "leRep": "李**",
    "regState_CN": "存续（在营、开业、在册）", "dom": "武汉市江岸区胜利街8号", "opScope": "日用百货。",
    "estDate": "2015年4月1日", "apprDate": "2020-02-29", "regOrg_CN": "武汉市市场监督管理局",
}  # fmt: skip


def test_every_column_of_a_published_penalty_is_taken() -> None:
    message = penalty()
    assert message.party == party.Party(
        name="某某食品有限公司", kind=party.PARTY_KIND_LEGAL, uscc=uscc(7), legacy_number="430100000012345"
    )
    assert message.decision_number == "长市监处罚〔2026〕12号"
    assert (message.decided_on, message.valid_until, message.public_until) == ("2026-03-02", "2099-12-31", "2029-03-02")
    assert [PenaltyKind.Name(kind) for kind in message.kinds] == [
        "PENALTY_KIND_WARNING",
        "PENALTY_KIND_FINE",
        "PENALTY_KIND_PROCEEDS_CONFISCATED",
    ]
    assert message.fine == op.Capital(amount_hundredths=5_000_00, currency="CNY", stated="0.5")
    assert message.confiscated.amount_hundredths == 30_00
    assert message.organ_uscc == message.data_source_uscc == "91430100MA00TEXT01"
    assert message.remarks == "已履行"
    assert get("penalty").subjects(message) == [f"uscc:{uscc(7)}", "reg:430100000012345"]


def test_identity_of_a_penalty_stands_in_its_own_facet() -> None:
    public, regulator, personal, identity = get("penalty").split(penalty().SerializeToString())
    assert b"360426199101010071" in identity
    assert "张**".encode() in personal
    for value in (b"360426199101010071", "张**".encode()):
        assert value not in public + regulator


@pytest.mark.parametrize(
    ("cell", "hundredths"),
    [("0.5", 5_000_00), ("1,200", 12_000_000_00), ("5000元", 5_000_00), ("２", 20_000_00), ("0.000001", 1)],
)
def test_a_fine_is_in_ten_thousands_of_yuan(cell: str, hundredths: int) -> None:
    assert penalty(CF_NR_FK=cell).fine.amount_hundredths == hundredths


@pytest.mark.parametrize("cell", ["0", "0.00", "", "/"])
def test_no_fine(cell: str) -> None:
    assert not penalty(CF_NR_FK=cell, CF_CFLB="警告", CF_NR="警告。").HasField("fine")


@pytest.mark.parametrize(
    ("cell", "kinds"),
    [("责令停产、停业", [10]), ("没收违法所得、没收非法财物", [4, 5]), ("其他", [99]), ("吊销营业执照", [8])],
)
def test_words_for_the_kinds(cell: str, kinds: list[int]) -> None:
    assert list(penalty(CF_CFLB=cell).kinds) == kinds


def test_the_parties_of_one_decision_are_told_apart() -> None:
    keys = {
        body.key for name in "甲乙" if isinstance(body := mapped("penalty_cf", PENALTY | {"CF_XDR_MC": name}), Body)
    }
    assert keys == {"长市监处罚〔2026〕12号|甲", "长市监处罚〔2026〕12号|乙"}


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("CF_WSH", "", "key_missing"),
        ("CF_NR_FK", "若干", "capital_currency"),
        ("CF_JDRQ", "2026-02-30", "date_invalid"),
        ("CF_CFLB", "口头批评", "unknown_word"),
        ("CF_XDR_SHXYM", "9.14E+17", "number_mangled"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_column(column: str, cell: str, reason: str) -> None:
    problems = mapped("penalty_cf", PENALTY | {column: cell})
    assert not isinstance(problems, Body)
    assert [(each.column, each.value, each.reason) for each in problems] == [(column, cell, reason)]


def test_every_field_of_the_publicity_system_is_taken() -> None:
    assert record("gsxt", "operator.registration", GSXT) == op.OperatorRegistration(
        uscc=uscc(8),
        name="某某商贸有限公司",
        legacy_number="420100000012345",
        legal_representative="李**",
        status=op.OPERATOR_STATUS_IN_BUSINESS,
        registered_address=op.Address(text="武汉市江岸区胜利街8号"),
        scope="日用百货。",
        established_on="2015-04-01",
        approved_on="2020-02-29",
        authority="武汉市市场监督管理局",
    )


@pytest.mark.parametrize(
    ("word", "number"),
    [("在营（开业）企业", 1), ("吊销，未注销", 2), ("吊销，已注销", 3), ("注销企业", 4), ("迁出", 6)],
)
def test_states_of_the_publicity_system(word: str, number: int) -> None:
    message = record("gsxt", "operator.registration", GSXT | {"regState_CN": word})
    assert isinstance(message, op.OperatorRegistration)
    assert message.status == number


def test_a_registration_number_in_the_column_of_codes_of_a_public_source() -> None:
    old = "420100000054321"
    assert penalty(CF_XDR_SHXYM=old, CF_XDR_GSZC="").party.legacy_number == old
    message = record("gsxt", "operator.registration", GSXT | {"uniscId": old, "regNo": ""})
    assert isinstance(message, op.OperatorRegistration)
    assert (message.uscc, message.legacy_number) == ("", old)


@pytest.mark.parametrize("code", ["000000000000000000", "0", "无", ""])
def test_a_natural_person_has_no_code(code: str) -> None:
    assert penalty(CF_XDR_SHXYM=code, CF_XDR_GSZC="", CF_XDR_LB="自然人").party.uscc == ""


def test_a_term_without_end_is_not_stated() -> None:
    assert penalty(CF_YXQ="长期", CF_GSJZQ="永久").valid_until == ""
    message = record("gsxt", "operator.registration", GSXT | {"opFrom": "2015-04-01", "opTo": "长期"})
    assert isinstance(message, op.OperatorRegistration)
    assert (message.term_from, message.term_to) == ("2015-04-01", "")


def test_names_of_columns_in_lower_case() -> None:
    """As a database hands them out."""
    lower = {name.lower(): cell for name, cell in PENALTY.items()}
    assert record("penalty_cf", "penalty", lower) == penalty()


@pytest.mark.parametrize(
    ("column", "words", "hundredths", "is_told"),
    [
        ("5000", "罚款五千元。", 5_000_000_000, True),
        ("0.5", "罚款五千元。", 500_000, False),
        ("0.5", "没收违法所得，并处罚款。", 500_000, False),
        ("", "罚款五千元。", 500_000, False),
    ],
)
def test_a_fine_in_words_is_held_against_the_column(column: str, words: str, hundredths: int, is_told: bool) -> None:
    body = mapped("penalty_cf", PENALTY | {"CF_NR_FK": column, "CF_NR": words})
    assert isinstance(body, Body)
    assert [note.reason for note in body.notes] == ["amount_differs"] * is_told
    assert penalty(CF_NR_FK=column, CF_NR=words).fine.amount_hundredths == hundredths


@pytest.mark.parametrize("name", ["*", "***", "无", "无字号", "N/A", ""])
def test_a_party_without_a_name_is_one_by_its_code(name: str) -> None:
    """A sole trader need not use a name: what stands in its place is not published as one."""
    made = mapped("penalty_cf", PENALTY | {"CF_XDR_MC": name})
    assert isinstance(made, Body)
    assert made.key == f"长市监处罚〔2026〕12号|{PENALTY['CF_XDR_SHXYM']}"
    assert penalty(CF_XDR_MC=name).party.name == ""
    nobody = mapped("penalty_cf", PENALTY | {"CF_XDR_MC": name, "CF_XDR_SHXYM": "", "CF_XDR_GSZC": ""})
    assert not isinstance(nobody, Body)
    assert {each.reason for each in nobody} == {"key_missing"}


@pytest.mark.parametrize("name", ["张*", "某某食品有限公司", "李某某"])
def test_any_other_name_of_a_party_is_its_key(name: str) -> None:
    made = mapped("penalty_cf", PENALTY | {"CF_XDR_MC": name})
    assert isinstance(made, Body)
    assert made.key == f"长市监处罚〔2026〕12号|{name}"
