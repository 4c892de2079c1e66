"""An equal digest means equal decisions, and nothing else changes a digest."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.core.policy.policy import parse_policy
from node.core.standards.standard import standards
from node.stubs.standard.v1.operator_pb2 import OperatorRegistration
from tests.kit.effort import effort
from tests.kit.oracles.policy import (
    BASE,
    BODIES,
    DEREGISTERED,
    KEY,
    PEERS,
    PURPOSES,
    Rules,
    header,
    policy,
    rule_lists,
    same,
    share,
    shares,
    withhold,
)


@effort(40)
@given(st.data())
def test_order_and_ids_of_rules_do_not_change_the_digest(data: st.DataObject) -> None:
    rules = data.draw(rule_lists)
    shuffled = [{**rule, "id": f"rule-{n}"} for n, rule in enumerate(data.draw(st.permutations(rules)))]
    for peer in PEERS:
        assert policy(rules).grant(peer, "verification").digest == policy(shuffled).grant(peer, "verification").digest


@effort(60)
@given(rule_lists, rule_lists, st.sampled_from(PEERS), st.sampled_from(PURPOSES))
def test_an_equal_digest_means_equal_decisions(rules: Rules, others: Rules, peer: str, purpose: str) -> None:
    one, other = policy(rules).grant(peer, purpose), policy(others).grant(peer, purpose)
    if one.digest != other.digest:
        return
    for body in BODIES:
        decisions = {grant.decide(header("all"), KEY, partial(same, body)) for grant in (one, other)}
        assert len(decisions) == 1


@effort(60)
@given(st.lists(shares, max_size=4), st.lists(shares, max_size=4), st.sampled_from(PEERS))
def test_without_conditions_equal_decisions_mean_an_equal_digest(rules: Rules, others: Rules, peer: str) -> None:
    grants = [policy([{**r, "when": None} for r in some]).grant(peer, "verification") for some in (rules, others)]
    decisions = {grant.decide(header("all"), KEY, OperatorRegistration) for grant in grants}
    assert (len(decisions) == 1) == (grants[0].digest == grants[1].digest)


@pytest.mark.parametrize(
    "changed",
    [
        [],
        [share(facets=["public", "regulator"])],
        [share(), share(facets=["regulator"], when=DEREGISTERED)],
        [share(), withhold(when=DEREGISTERED)],
        [share(when=DEREGISTERED)],
        [share(when=f"!({DEREGISTERED})")],
    ],
)
def test_the_digest_changes_when_a_decision_does(changed: Rules) -> None:
    assert (
        policy(changed).grant("wuhan", "verification").digest != policy([share()]).grant("wuhan", "verification").digest
    )


@pytest.mark.parametrize(
    "same",
    [
        BASE,
        [share(), share()],
        [share("all")],
        [share(), share(when=DEREGISTERED)],
        [share(), {**share(facets=["regulator"]), "purpose": "statistics"}],
        [share(), {**withhold(), "purpose": "statistics"}],
    ],
)
def test_the_digest_holds_nothing_that_does_not_matter(same: Rules) -> None:
    assert policy(same).grant("wuhan", "verification").digest == policy([share()]).grant("wuhan", "verification").digest


def test_comments_and_spaces_do_not_change_the_digest() -> None:
    spaced = f"body.status  // as registered\n == {DEREGISTERED.partition('== ')[2]}"
    one, other = (policy([share(when=when)]) for when in (DEREGISTERED, spaced))
    assert one.grant("wuhan", "verification").digest == other.grant("wuhan", "verification").digest
    text = "city: changsha\nrules: [{share: operator.registration, with: [wuhan], purpose: p, facets: [public]}]\n"
    plain, commented = (parse_policy(each, "p", standards()) for each in (text, f"# why\n{text}# end\n"))
    assert plain.grant("wuhan", "p").digest == commented.grant("wuhan", "p").digest


def test_spaces_within_a_text_of_a_condition_do_change_the_digest() -> None:
    digests = {
        policy([share(when=f"body.name == '{name}'")]).grant("wuhan", "verification").digest
        for name in ("甲 乙", "甲  乙", "甲//乙", "甲")
    }
    assert len(digests) == 4


def test_the_digest_tells_what_a_condition_shares() -> None:
    facets: list[list[str]] = [["public"], ["regulator"], ["public", "regulator"]]
    grants = [policy([share(facets=names, when=DEREGISTERED)]).grant("wuhan", "verification") for names in facets]
    assert len({grant.digest for grant in grants}) == 3


def test_the_digest_is_thesame_in_every_process() -> None:
    """Peers keep digests: another value here, after an update of CEL for instance, makes each of them revise once."""
    digest = policy([share(), share(facets=["regulator"], when=DEREGISTERED)]).grant("wuhan", "verification").digest
    assert digest == "d2dc5a529f44bf3658eb2acaf8719f4798df4749a8603fa32fba8e4f5a720f16"
