"""Conditions see whole bodies or decide nothing."""

import pytest

from node.core.log.record import Record, split_header
from node.core.policy.disclosure import decide
from node.core.policy.grant import Grant, Undecided
from node.core.policy.policy import parse_policy
from node.core.standards.standard import get, standards
from node.stubs.record.v1.record_pb2 import Header
from node.stubs.standard.v1.operator_pb2 import OperatorRegistration

HEADER = Header(standard="operator.registration", version=1, city="wuhan", audience=["all"])
WIDEST = frozenset({1, 2, 3, 4})


def granted(condition: str = "") -> Grant:
    when = f"\n    when: '{condition}'" if condition else ""
    rule = f"  - share: operator.registration\n    with: [hefei]\n    purpose: p\n    facets: [public]{when}\n"
    text = f"city: wuhan\nrules:\n{rule}"
    return parse_policy(text, "policy.yaml", standards()).grant("hefei", "p")


def stored(*masked: int) -> Record:
    body = OperatorRegistration(name="商行", phone="1").SerializeToString()
    openings = [bytes(16) + each for each in get("operator.registration").split(body)]
    shared, own = split_header(HEADER, len(openings))
    whole = Record(1, bytes(32), shared, own.SerializeToString(), openings, [None] * len(openings))
    return whole.masked({1, 2, 3, 4} - set(masked))


@pytest.mark.parametrize("condition", ['body.phone == ""', 'body.phone != ""', 'body.name != ""'])
def test_no_condition_looks_at_a_body_that_is_not_whole(condition: str) -> None:
    grant = granted(condition)
    assert decide(grant, stored(3)) is None
    assert decide(grant, stored(3), undecided=WIDEST) == WIDEST
    assert decide(grant, stored(), undecided=WIDEST) == (None if '== ""' in condition else frozenset({1}))


def test_without_a_condition_nobody_looks() -> None:
    assert decide(granted(), stored(1, 2, 3, 4), undecided=WIDEST) == frozenset({1})
    assert granted().settled(["all"], ("operator.registration", 1)) == frozenset({1})
    assert granted('body.phone == ""').settled(["all"], ("operator.registration", 1)) is Undecided.UNDECIDED


def test_what_is_for_nobody_here_is_settled() -> None:
    """Another audience, or a standard of which nothing is shared: no record needs a look, whatever the conditions."""
    grant = granted('body.phone == ""')
    assert grant.settled(["changsha"], ("operator.registration", 1)) is None
    assert grant.settled(["all"], ("penalty", 1)) is None
