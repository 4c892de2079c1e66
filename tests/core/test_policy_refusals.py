"""What is refused when a policy is loaded, with the line a reader has to mend."""

import re

import pytest

from node.core.policy.policy import parse_policy
from node.core.standards.standard import standards
from node.errors import FileError, Reason

GOOD = """\
city: changsha
rules:
  - id: public-to-all
    share: operator.registration
    with: [all]
    purpose: verification
    facets:
      - public
      - regulator
    when: body.status == OperatorStatus.OPERATOR_STATUS_IN_BUSINESS
  - id: not-to-nanchang
    withhold: operator.registration
    from: [nanchang]
tests:
  - name: one
    standard: operator.registration
    peer: wuhan
    purpose: verification
    body:
      name: 甲
    expect: [public]
"""
CONDITION = "body.status == OperatorStatus.OPERATOR_STATUS_IN_BUSINESS"


def test_the_file_that_the_refusals_change_is_good() -> None:
    assert len(parse_policy(GOOD, "changsha.yaml", standards()).rules) == 2


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("with: [all]", "with: [all", 6, "expected"),
        ("with: [all]", "with: &all [all]\n    purpose: *all", 6, "alias"),
        ("purpose: verification\n    facets", "purpose: verification\n    purpose: statistics\n    facets", 7, "twice"),
        ("city: changsha", "city: changsha\ncity: wuhan", 2, "twice"),
        ("id: not-to-nanchang", "id: public-to-all", 11, "already used on line 3"),
        ("    with: [all]", "    with: [all]\n    until: tomorrow", 6, "until"),
        ("city: changsha", "city: changsha\nowner: x", 2, "owner"),
        ("    peer: wuhan", "    peer: wuhan\n    pier: x", 18, "pier"),
        ("share: operator.registration", "share: operator.registratoin", 4, "unknown standard"),
        ("share: operator.registration", "share: operator.registration\n    version: 7", 4, "no version 7"),
        ("share: operator.registration", "share: node.policy_change", 4, "every member"),
        ("withhold: operator.registration", "withhold: node.policy_change", 12, "every member"),
        ("      - regulator", "      - regulators", 9, "no facet 'regulators'"),
        ("      - regulator", "      - identity", 9, "bulk exchange of ID numbers is refused"),
        ("with: [all]", "with: [Wuhan]", 5, "right form"),
        ("with: [all]", "with: [武汉]", 5, "right form"),
        ("with: [all]", "with: all", 5, "list"),
        ("with: [all]", "with: []", 3, "needs with"),
        ("from: [nanchang]", "with: [nanchang]", 11, "needs from"),
        ("from: [nanchang]", "from: [nan chang]", 13, "right form"),
        ("purpose: verification\n    facets", "purpose: Any purpose\n    facets", 6, "right form"),
        ("purpose: verification\n    facets", "facets", 3, "needs with, purpose and facets"),
        ("withhold: operator.registration", "id2: x", 12, "no such entry"),
        (CONDITION, "body.stotus == 1", 10, "undefined field 'stotus'"),
        (CONDITION, "body.name", 10, "true or false"),
        (CONDITION, "dyn(true)", 10, "true or false"),
        (CONDITION, "body.name == 1", 10, "no matching overload"),
        (CONDITION, "now() > timestamp('2026-01-01T00:00:00Z')", 10, "undeclared reference to 'now'"),
        (CONDITION, "(" * 99 + "true" + ")" * 99, 10, "recursion"),
        (CONDITION, "body.status ==", 10, "Syntax error"),
        (CONDITION, "true", 10, "string"),
        ("expect: [public]", "expect: [publik]", 21, "no facet 'publik'"),
        ("expect: [public]", "expect: hidden", 21, "withheld"),
        ("      name: 甲", "      nome: 甲", 20, "nome"),
        ("      name: 甲", "      name: 7", 20, "name"),
        ("      name: 甲", "      name: 2026-01-01", 20, "name"),
        ("      name: 甲", "      licences: [7]", 20, "licences"),
        ("    standard: operator.registration", "    standard: operator", 16, "unknown standard"),
        ("city: changsha", "city: 长沙", 1, "right form"),
    ],
)
def test_refused_with_file_line_and_reason(old: str, new: str, line: int, says: str) -> None:
    assert old in GOOD
    with pytest.raises(FileError, match=re.escape(says)) as caught:
        parse_policy(GOOD.replace(old, new, 1), "changsha.yaml", standards())
    assert (caught.value.reason, caught.value.path, caught.value.line) == (Reason.INVALID_POLICY, "changsha.yaml", line)
    assert caught.value.message.startswith(f"changsha.yaml:{line}: ")


@pytest.mark.parametrize("text", ["", "# nothing\n", "[]", "just words", "a: b: c", "city: changsha", "[" * 5000])
def test_what_is_no_policy_is_refused(text: str) -> None:
    with pytest.raises(FileError) as caught:
        parse_policy(text, "changsha.yaml", standards())
    assert caught.value.reason == Reason.INVALID_POLICY


def test_a_city_without_rules_is_a_policy() -> None:
    assert parse_policy("city: changsha\nrules: []\n", "changsha.yaml", standards()).rules == ()
