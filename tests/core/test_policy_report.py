"""The six shipped policies: their cases hold, and the whole of what they share stands in a golden file."""

import re
from pathlib import Path

import pytest

from node.core.policy.policy import Policy, parse_policy
from node.core.policy.report import facet_labels, matrix, run_tests
from node.core.standards.standard import standards

CITIES = ["changsha", "hefei", "nanchang", "taiyuan", "wuhan", "zhengzhou"]
POLICIES = Path(__file__).parents[2] / "policies"
GOLDEN = Path(__file__).with_name("policy_matrix.golden")


def shipped(city: str) -> Policy:
    path = POLICIES / f"{city}.yaml"
    return parse_policy(path.read_text("utf-8"), path.name, standards())


def matrix_lines(policy: Policy) -> list[str]:
    rows = matrix(policy, CITIES)
    notes = [[f"when {text}" for text in row.when] + [f"unless {text}" for text in row.unless] for row in rows]
    return [
        " ".join([policy.city, row.peer, row.purpose, f"{row.standard}/{row.version}", row.facet, row.answer, *note])
        for row, note in zip(rows, notes, strict=True)
    ]


def test_every_city_has_a_policy_and_nobody_else() -> None:
    assert sorted(path.name for path in POLICIES.iterdir()) == [f"{city}.yaml" for city in CITIES]


@pytest.mark.parametrize("city", CITIES)
def test_the_cases_beside_the_rules_hold(city: str) -> None:
    policy = shipped(city)
    assert policy.city == city
    assert len(policy.tests) >= 5
    assert [result.test.name for result in run_tests(policy) if not result.is_passed] == []


def test_the_matrix_is_the_golden_one() -> None:
    """After a change that is meant: write what this test shows into the golden file, and have it read."""
    assert [line for city in CITIES for line in matrix_lines(shipped(city))] == GOLDEN.read_text("utf-8").splitlines()


@pytest.mark.parametrize("city", CITIES)
def test_a_city_shares_as_the_issue_says(city: str) -> None:
    rows = [row for row in matrix(shipped(city), CITIES) if row.standard == "operator.registration"]
    others = set(CITIES) - {city}

    def seen(facet: str) -> set[str]:
        return {row.peer for row in rows if row.facet == facet and row.answer == "yes"} & others

    assert seen("public") == others
    assert len(seen("regulator")) == 2
    assert seen("personal") == seen("identity") == set()
    assert len({row.peer for row in rows if row.unless}) == 1


def test_a_case_that_does_not_hold_fails() -> None:
    text = (POLICIES / "wuhan.yaml").read_text("utf-8").replace("expect: withheld", "expect: []")
    results = run_tests(parse_policy(text, "wuhan.yaml", standards()))
    assert 0 < sum(not result.is_passed for result in results) < len(results)


def test_the_guide_is_a_policy_whose_cases_hold() -> None:
    guide = (POLICIES.parent / "docs" / "policy.md").read_text("utf-8")
    policy = parse_policy("".join(re.findall("```yaml\n(.*?)```", guide, re.DOTALL)), "docs/policy.md", standards())
    assert len(policy.rules) == 2
    assert [result.is_passed for result in run_tests(policy)] == [True]


def test_facets_in_words() -> None:
    key = ("operator.registration", 1)
    labels = [facet_labels(shipped("wuhan"), key, facets) for facets in (None, frozenset[int](), frozenset({1, 2}))]
    assert labels == ["withheld", "header only", "public, regulator"]
