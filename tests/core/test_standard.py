"""Standards read from the protos: facets, findings, subjects."""

from collections.abc import Iterator

import pytest
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from node.core.standards.rule_words import in_words
from node.core.standards.standard import Standard, codes, get, standards
from node.errors import NodeError, Reason
from node.stubs.buf.validate import validate_pb2
from node.stubs.standard.v1 import operator_pb2 as op
from node.stubs.standard.v1 import options_pb2
from node.stubs.standard.v1.policy_pb2 import Grant, PolicyChange

USCC = "91430100MA00TEXT01"
FALSE_KIND = op.Licence(kind=op.LICENCE_KIND_FOOD_PRODUCTION, number="JY11108071215650")
OPERATOR = get("operator.registration", 1)


def operator(**fields: object) -> op.OperatorRegistration:
    return op.OperatorRegistration(**({"uscc": USCC, "name": "某某商贸有限公司"} | fields))  # type: ignore[arg-type]


def full_operator() -> op.OperatorRegistration:
    return operator(
        legacy_number="430100000012345",
        entity_type="有限责任公司",
        entity_type_code="1130",
        status=op.OPERATOR_STATUS_IN_BUSINESS,
        established_on="2015-04-01",
        approved_on="2020-02-29",
        term_from="2015-04-01",
        term_to="2045-03-31",
        registered_address=op.Address(text="长沙市岳麓区某路1号", region6="430104"),
        displayed_address=op.Address(text="长沙市岳麓区某路1号", region6="430104"),
        authority="长沙市市场监督管理局",
        capital=op.Capital(amount_hundredths=67_900_000, currency="CNY", stated="67.9000(万元)"),
        scope="百货",
        flags=[op.OPERATOR_FLAG_ABNORMAL],
        licences=[
            op.Licence(
                kind=op.LICENCE_KIND_FOOD_BUSINESS,
                number="JY11108071215650",
                valid_to="2027-01-01",
                authority="长沙市市场监督管理局",
                status=op.LICENCE_STATUS_VALID,
            )
        ],
        actual_address=op.Address(text="长沙市天心区某路2号", region6="430103"),
        stores=[op.Store(platform="某平台", name="某店", url="https://shop.example/1", account="a1")],
        legal_representative="张**",
        phone="0731-01234567",
        id_number="360426199101010071",
    )


def found(message: op.OperatorRegistration) -> list[tuple[str, str, bool]]:
    return [(finding.field, finding.reason, finding.warning) for finding in OPERATOR.findings(message)]


texts = st.text(max_size=30)
operators = st.builds(
    op.OperatorRegistration,
    uscc=texts,
    name=texts,
    status=st.sampled_from(op.OperatorStatus.values()),
    registered_address=st.none() | st.builds(op.Address, text=texts, region6=texts),
    capital=st.none() | st.builds(op.Capital, amount_hundredths=st.integers(0, 2**64 - 1), currency=texts),
    flags=st.lists(st.sampled_from(op.OperatorFlag.values()), max_size=4),
    licences=st.lists(st.builds(op.Licence, number=texts, valid_to=texts), max_size=3),
    stores=st.lists(st.builds(op.Store, platform=texts, url=texts), max_size=3),
    legal_representative=texts,
    phone=texts,
    id_number=texts,
)


def test_standards_are_found_by_name_and_version() -> None:
    assert ("operator.registration", 1) in [(each.name, each.version) for each in standards()]
    assert get("operator.registration") is OPERATOR
    assert get("node.policy_change", 1).message_type is PolicyChange


@pytest.mark.parametrize(
    ("name", "version"), [("operator.registration", 2), ("operator.registration", 0), ("operator", None), ("", 1)]
)
def test_unknown_standard(name: str, version: int | None) -> None:
    with pytest.raises(NodeError) as error:
        get(name, version)
    assert error.value.reason == Reason.UNKNOWN_STANDARD


def test_facets_of_an_operator() -> None:
    facets = [(facet.number, facet.name, facet.level) for facet in OPERATOR.facets]
    assert facets == [(1, "public", 1), (2, "regulator", 2), (3, "personal", 3), (4, "identity", 4)]


@pytest.mark.parametrize("standard", standards(), ids=lambda standard: standard.name)
def test_every_field_is_declared_in_full(standard: Standard) -> None:
    numbers = [facet.number for facet in standard.facets]
    assert numbers == list(range(1, len(numbers) + 1))
    for field in standard.fields:
        assert field.label_zh, field.path
        assert field.label_en, field.path
        assert field.level in {1, 2, 3, 4}, field.path
        assert field.facet in numbers, field.path


@pytest.mark.parametrize("standard", standards(), ids=lambda standard: standard.name)
def test_every_code_is_labelled(standard: Standard) -> None:
    for field in standard.fields:
        for _, label_zh, label_en in codes(field.descriptor.enum_type) if field.descriptor.enum_type else ():
            assert label_zh, field.path
            assert label_en, field.path


def test_levels_and_facets_of_the_sensitive_fields() -> None:
    placed = {field.path: (field.level, field.facet) for field in OPERATOR.fields}
    assert placed["name"] == (1, 1)
    assert placed["stores[].account"] == (2, 2)
    assert placed["actual_address.text"] == (2, 2)
    assert placed["registered_address.text"] == (1, 1)
    assert placed["legal_representative"] == placed["phone"] == (3, 3)
    assert placed["id_number"] == (4, 4)


def test_a_full_record_is_right() -> None:
    message = full_operator()
    assert {field.name for field, _ in message.ListFields()} == {field.name for field in message.DESCRIPTOR.fields}
    assert OPERATOR.findings(message) == []
    assert OPERATOR.subjects(message) == [f"uscc:{USCC}", "reg:430100000012345"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"uscc": "91430100MA00TEXT02"}, ("uscc", "uscc_check_digit", False)),
        ({"uscc": "9143O100MA00TEXT01"}, ("uscc", "uscc_character", False)),
        ({"uscc": "91430100ma00text01"}, ("uscc", "uscc_character", False)),
        ({"uscc": "91430100MA00TEXT14"}, ("uscc", "uscc_organisation_code", True)),
        ({"uscc": ""}, ("uscc", "subject_missing", False)),
        ({"legacy_number": "4301 00"}, ("legacy_number", "key_form", False)),
        ({"name": ""}, ("name", "required", False)),
        ({"name": "长" * 201}, ("name", "too_long", False)),
        ({"established_on": "2023-02-29"}, ("established_on", "date_invalid", False)),
        ({"term_from": "2024-01-02", "term_to": "2024-01-01"}, ("term_to", "term_order", False)),
        ({"status": 7}, ("status", "unknown_code", False)),
        ({"flags": [0]}, ("flags[0]", "unknown_code", False)),
        ({"flags": [1] * 9}, ("flags", "too_many", False)),
        ({"actual_address": op.Address(region6="430199")}, ("actual_address.region6", "region_unknown", False)),
        (
            {"actual_address": op.Address(region6="110103")},
            ("actual_address.region6", "region_abolished", True),
        ),
        ({"capital": op.Capital(currency="元")}, ("capital.currency", "bad_format", False)),
        ({"licences": [op.Licence()]}, ("licences[0].number", "required", False)),
        (
            {"licences": [op.Licence(number="湘1"), op.Licence(number="JY11105000000001")]},
            ("licences[1].number", "licence_check_digit", False),
        ),
        (
            {"licences": [FALSE_KIND]},
            ("licences[0].number", "licence_kind", False),
        ),
        ({"stores": [op.Store(platform="某", url="javascript:1")]}, ("stores[0].url", "bad_format", False)),
        ({"phone": "不详"}, ("phone", "bad_format", False)),
        ({"id_number": "360426199101010072"}, ("id_number", "resident_id_check_digit", True)),
    ],
)
def test_findings(fields: dict[str, object], expected: tuple[str, str, bool]) -> None:
    assert found(operator(**fields)) == [expected]


def test_every_finding_of_a_message_is_reported() -> None:
    message = operator(uscc="9143", name="", licences=[op.Licence(number="SC1", valid_to="soon")])
    assert {(field, reason) for field, reason, _ in found(message)} == {
        ("uscc", "uscc_length"),
        ("name", "required"),
        ("licences[0].number", "licence_format"),
        ("licences[0].valid_to", "date_invalid"),
    }


@given(operators)
def test_findings_hold_no_value(message: op.OperatorRegistration) -> None:
    message.phone, message.id_number, message.legal_representative = "secret-phone", "secret-id", "secret" * 50
    findings = OPERATOR.findings(message)
    assert {finding.field for finding in findings} >= {"phone", "id_number", "legal_representative"}
    assert not [finding for finding in findings if "secret" in str(finding)]


@given(operators)
def test_split_and_merge_round_trip(message: op.OperatorRegistration) -> None:
    bodies = OPERATOR.split(message.SerializeToString())
    assert OPERATOR.merge(bodies) == message
    assert OPERATOR.merge(reversed(bodies)) == message
    assert OPERATOR.split(OPERATOR.merge(bodies).SerializeToString()) == bodies


@given(operators)
def test_a_facet_holds_its_own_fields_alone(message: op.OperatorRegistration) -> None:
    facet_of = {field.path: field.facet for field in OPERATOR.fields}
    for number, body in enumerate(OPERATOR.split(message.SerializeToString()), start=1):
        assert {facet_of[field.name] for field, _ in OPERATOR.merge([body]).ListFields()} <= {number}


def test_every_field_of_every_facet_comes_back() -> None:
    message = full_operator()
    assert OPERATOR.merge(OPERATOR.split(message.SerializeToString())) == message


def test_the_body_of_a_facet_is_canonical() -> None:
    name, uscc = operator(uscc="").SerializeToString(), op.OperatorRegistration(uscc=USCC).SerializeToString()
    assert OPERATOR.split(name + uscc) == OPERATOR.split(uscc + name)


def test_facets_without_a_field_are_empty() -> None:
    assert OPERATOR.split(operator().SerializeToString())[1:] == (b"", b"", b"")
    assert OPERATOR.split(b"") == (b"",) * 4


def test_unknown_fields_are_refused() -> None:
    unknown = b"\xfa\x3f\x01a"
    nested = op.Address(text="x").SerializeToString() + unknown
    for extra in (unknown, b"\x5a" + bytes([len(nested)]) + nested):
        with pytest.raises(NodeError, match="does not have") as error:
            OPERATOR.parse(operator().SerializeToString() + extra)
        assert error.value.reason == Reason.INVALID_FIELD
    assert OPERATOR.parse(operator().SerializeToString()) == operator()


@pytest.mark.parametrize("body", [b"\xff", b"\x1a\x05abc", b"\x1a\x01\xff"])
def test_malformed_bodies_are_refused(body: bytes) -> None:
    for read in (OPERATOR.parse, OPERATOR.split, lambda body: OPERATOR.merge([body])):
        with pytest.raises(NodeError) as error:
            read(body)
        assert error.value.reason == Reason.INVALID_FIELD


def test_policy_change() -> None:
    standard = get("node.policy_change")
    message = PolicyChange(grants=[Grant(peer="wuhan", purpose="verification", grant="d1"), Grant(peer="hefei")])
    assert standard.split(message.SerializeToString()) == (message.SerializeToString(),)
    assert standard.subjects(message) == []
    assert [finding[:2] for finding in standard.findings(message)] == [
        ("grants[1].purpose", "required"),
        ("grants[1].grant", "required"),
    ]


def test_status_codes_are_those_of_the_registers() -> None:
    labels = {number: label_zh for number, label_zh, _ in codes(op.OperatorStatus.DESCRIPTOR)}
    registered = {1: "存续", 2: "吊销未注销", 3: "吊销已注销", 4: "注销", 5: "撤销", 6: "迁出", 9: "其他"}
    assert labels == {0: "未载明"} | registered


def test_every_check_has_its_code() -> None:
    """A check that is declared but not written would fail when a standard is loaded."""
    from node.core.standards.validation import _CHECKERS

    assert set(_CHECKERS) == set(options_pb2.Check.values()) - {options_pb2.CHECK_UNSPECIFIED}


def test_descriptor_of_a_facet_is_its_own_type() -> None:
    descriptor = OPERATOR.facets[3].message_type.DESCRIPTOR
    assert descriptor.full_name == "node.standard.v1.facet.OperatorRegistrationFacet4"
    assert [field.name for field in descriptor.fields] == ["id_number"]


def test_every_rule_of_every_standard_has_words() -> None:
    """Nobody is shown a regular expression."""
    for standard in standards():
        for field in standard.fields:
            for rule, limit in _rules(field.descriptor.GetOptions().Extensions[validate_pb2.field]):
                words = in_words(rule, limit)
                assert words is not None, (standard.name, field.path, rule)
                assert " · " in words
                assert "^" not in words


def _rules(rules: Message) -> Iterator[tuple[str, object]]:
    for field, value in rules.ListFields():
        if field.name == "required":
            yield "required", value
        elif field.message_type and field.name not in {"cel", "items"}:
            for inner, limit in value.ListFields():
                if inner.name == "items":
                    yield from _rules(limit)
                else:
                    yield f"{field.name}.{inner.name}", limit
