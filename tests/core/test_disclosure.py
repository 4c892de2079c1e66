"""Conditions see whole bodies or decide nothing."""

from collections.abc import Callable

import pytest

from node.core.policy.disclosure import decide
from node.core.policy.grant import Grant
from node.core.policy.policy import parse_policy
from node.core.standards.standard import get, standards
from node.stubs.record.v1.record_pb2 import Header, View
from node.stubs.standard.v1.operator_pb2 import OperatorRegistration

HEADER = Header(id="wuhan-1", standard="operator.registration", version=1, audience=["all"], facets=4)
WIDEST = frozenset({1, 2, 3, 4})


def granted(condition: str = "") -> Grant:
    when = f"\n    when: '{condition}'" if condition else ""
    rule = f"  - share: operator.registration\n    with: [hefei]\n    purpose: p\n    facets: [public]{when}\n"
    text = f"city: wuhan\nrules:\n{rule}"
    return parse_policy(text, "policy.yaml", standards()).grant("hefei", "p")


def stored(*masked: int) -> Callable[[], View]:
    view = View()
    body = OperatorRegistration(name="商行", phone="1").SerializeToString()
    for number, each in enumerate(get("operator.registration").split(body), 1):
        if number in masked:
            view.facets.add(commitment=bytes(32))
        else:
            view.facets.add(salt=bytes(16), body=each)
    return lambda: view


@pytest.mark.parametrize("condition", ['body.phone == ""', 'body.phone != ""', 'body.name != ""'])
def test_no_condition_looks_at_a_body_that_is_not_whole(condition: str) -> None:
    grant = granted(condition)
    assert decide(grant, HEADER, stored(3)) is None
    assert decide(grant, HEADER, stored(3), undecided=WIDEST) == WIDEST
    assert decide(grant, HEADER, stored(), undecided=WIDEST) == (None if '== ""' in condition else frozenset({1}))


def test_without_a_condition_nobody_looks() -> None:
    def unread() -> View:
        raise AssertionError

    assert decide(granted(), HEADER, unread, undecided=WIDEST) == frozenset({1})
