"""A batch says of each body what it would say of that body alone."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.core.standards.batch import CheckedBody, check_batch
from node.core.standards.standard import Standard, get, standards
from node.core.standards.validation import Finding
from node.errors import NodeError, Reason
from node.stubs.standard.v1 import operator_pb2 as op
from tests.kit.effort import effort
from tests.kit.mutations import mutated
from tests.kit.samples.declared import good, nearly_right
from tests.kit.samples.standards import USCC

TODAY = date(2026, 11, 29)
OPERATOR = get("operator.registration", 1)
GOOD = op.OperatorRegistration(uscc=USCC, name="某某商贸有限公司", scope="百货").SerializeToString()
NO_MESSAGE, UNKNOWN_FIELD, NO_SUBJECT = b"\xff", GOOD + b"\xfa\x7f\x01x", b""


def alone(standard: Standard, body: bytes) -> CheckedBody:
    try:
        message = standard.parse(body)
    except NodeError as error:
        return CheckedBody(None, [Finding("", error.reason, error.message)], [], ())
    to_come = standard.future_findings(message, TODAY)
    return CheckedBody(message, standard.findings(message), to_come, standard.split(body))


@pytest.mark.parametrize("standard", standards(), ids=[each.name for each in standards()])
def test_a_batch_is_its_bodies(standard: Standard) -> None:
    seeds = [message.SerializeToString() for message in good(standard)]
    body = st.one_of(
        mutated(seeds), nearly_right(standard).map(lambda made: made.SerializeToString()), st.sampled_from(seeds)
    )

    @effort(examples=40)
    @given(st.lists(body, max_size=6))
    def run(bodies: list[bytes]) -> None:
        assert check_batch(standard, bodies, TODAY) == [alone(standard, each) for each in bodies]

    run()


@pytest.mark.parametrize("wrong", [NO_MESSAGE, UNKNOWN_FIELD, NO_SUBJECT], ids=["no message", "unknown field", "empty"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_wrong_row_is_no_harm_to_another(wrong: bytes, place: int) -> None:
    bodies = [GOOD, GOOD]
    bodies.insert(place, wrong)
    checked = check_batch(OPERATOR, bodies, TODAY)
    assert [bool(each.findings) for each in checked] == [body is wrong for body in bodies]
    assert [each.facets for each in checked] == [each.facets for each in (alone(OPERATOR, body) for body in bodies)]


def test_a_body_in_another_form_is_cut_in_the_one_form() -> None:
    """Fields in another order and twice, a number written longer than it has to be."""
    odd = b"\x1a\x03one" + GOOD + b"\x30\x81\x00" + b"\x3a\x0a2015-04-01"
    other = check_batch(OPERATOR, [GOOD, odd], TODAY)[1]
    assert other.message is not None
    assert other.facets[0] == other.message.SerializeToString(deterministic=True)
    assert other.facets == OPERATOR.split(odd)


def test_no_bodies() -> None:
    assert check_batch(OPERATOR, [], TODAY) == []


def test_a_day_to_come_is_told_apart() -> None:
    later = op.OperatorRegistration(uscc=USCC, name="某某商贸有限公司", established_on="2026-11-30").SerializeToString()
    before, after = check_batch(OPERATOR, [later], TODAY)[0], check_batch(OPERATOR, [later], date(2026, 11, 30))[0]
    assert [finding.reason for finding in before.to_come] == ["future_day"]
    assert before.findings == after.findings == after.to_come == []


def test_text_that_is_no_utf8_is_no_message() -> None:
    body = b"\x1a\x02\xff\xfe"
    assert check_batch(OPERATOR, [GOOD, body], TODAY)[1].findings[0].reason == Reason.INVALID_FIELD
