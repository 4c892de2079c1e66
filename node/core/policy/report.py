"""A policy as tables: who may see what, and whether the cases beside the rules hold."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from node.core.log.record import EVERYONE
from node.core.policy.grant import Plan, StandardKey
from node.core.policy.policy import Policy, PolicyTest


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """What one peer may see of one facet for one purpose.

    Attributes:
        peer: city slug; "all" stands for every member that no rule names.
        answer: "yes", "no", or "if" where one of the conditions in `when` has to be true.
        when: conditions that share.
        unless: conditions that withhold the whole record.
    """

    peer: str
    purpose: str
    standard: str
    version: int
    facet: str
    answer: str
    when: tuple[str, ...]
    unless: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TestResult:
    """A test case and what the rules really decide; facets as `Grant.decide` gives them."""

    __test__ = False

    test: PolicyTest
    got: frozenset[int] | None

    @property
    def is_passed(self) -> bool:
        """The rules decide what the case expects."""
        return self.got == self.test.expect


def matrix(policy: Policy, peers: Iterable[str] = ()) -> list[MatrixRow]:
    """Every peer x purpose x standard x facet, in this order; peers are those that rules name, `peers`, and "all"."""
    named = [*sorted({*policy.peers(), *peers} - {policy.city, EVERYONE}), EVERYONE]
    return [row for peer in named for purpose in policy.purposes() for row in _rows(policy, peer, purpose)]


def _rows(policy: Policy, peer: str, purpose: str) -> Iterator[MatrixRow]:
    plans = policy.grant(peer, purpose).plans
    for key, names in sorted(policy.facet_names.items()):
        for number, facet in sorted(names.items()):
            answer, when, unless = _answer(plans.get(key), number)
            yield MatrixRow(peer, purpose, *key, facet, answer, when, unless)


def _answer(plan: Plan | None, number: int) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    if plan is None:
        return "no", (), ()
    unless = tuple(sorted(condition.text for condition in plan.withholds))
    if number in (plan.always or ()):
        return "yes", (), unless
    when = tuple(sorted(condition.text for condition, facets in plan.shares if number in facets))
    return ("if", when, unless) if when else ("no", (), ())


def run_tests(policy: Policy) -> list[TestResult]:
    """Decides every test case of the policy."""
    return [TestResult(test, _decide(policy, test)) for test in policy.tests]


def _decide(policy: Policy, test: PolicyTest) -> frozenset[int] | None:
    key: StandardKey = (test.header.standard, test.header.version)
    return policy.grant(test.peer, test.purpose).decide(test.header, key, lambda: test.body)


def facet_labels(policy: Policy, key: StandardKey, facets: frozenset[int] | None) -> str:
    """Facets in words: "public, regulator", "header only" or "withheld"."""
    if facets is None:
        return "withheld"
    names = policy.facet_names.get(key, {})
    return ", ".join(names.get(number, str(number)) for number in sorted(facets)) or "header only"
