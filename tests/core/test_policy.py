"""What a grant decides, held against a naive reading of the rules."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.stubs.record.v1.record_pb2 import Header
from node.stubs.standard.v1.operator_pb2 import OperatorRegistration, OperatorStatus
from tests.kit.effort import effort
from tests.kit.oracles.policy import (
    BASE,
    BODIES,
    DEREGISTERED,
    FAILS_WITHOUT_LICENCE,
    KEY,
    PEERS,
    PURPOSES,
    STANDARD,
    Record,
    Rules,
    decide,
    header,
    naive,
    policy,
    records,
    rule_lists,
    same,
    share,
    withhold,
    withholds,
)


@effort(60)
@given(rule_lists, st.sampled_from(PEERS), st.sampled_from(PURPOSES), st.lists(records, min_size=1, max_size=8))
def test_a_grant_decides_as_the_rules_read(rules: Rules, peer: str, purpose: str, some_records: list[Record]) -> None:
    checked = policy(rules)
    grant = checked.grant(peer, purpose)
    for record, body in some_records:
        expected = naive(rules, peer, purpose, record, body)
        assert grant.decide(record, KEY, partial(same, body)) == expected
        assert checked.explain(peer, purpose, record, body).facets == expected


@effort(40)
@given(st.lists(withholds, max_size=4), st.sampled_from(PEERS), st.sampled_from(PURPOSES), records)
def test_without_a_share_nothing_is_seen(rules: Rules, peer: str, purpose: str, record: Record) -> None:
    assert policy(rules).grant(peer, purpose).decide(record[0], KEY, lambda: record[1]) is None


@effort(40)
@given(rule_lists, st.sampled_from(PEERS), records)
def test_a_withhold_without_a_condition_wins(rules: Rules, peer: str, record: Record) -> None:
    rules = [*rules, {"withhold": STANDARD, "from": [peer], "purpose": None, "when": None}]
    for purpose in PURPOSES:
        assert policy(rules).grant(peer, purpose).decide(record[0], KEY, lambda: record[1]) is None


def test_an_empty_audience_is_nobody() -> None:
    assert decide([share("all")], header(), OperatorRegistration()) is None


def test_an_audience_of_others_withholds() -> None:
    assert decide([share("all")], header("hefei"), OperatorRegistration()) is None
    assert decide([share("all")], header("hefei", "wuhan"), OperatorRegistration()) == {1}


def test_another_version_of_a_standard_is_not_shared() -> None:
    grant = policy([share()]).grant("wuhan", "verification")
    assert grant.decide(header("all"), (STANDARD, 2), OperatorRegistration) is None


def test_the_error_of_a_condition_denies() -> None:
    no_licence = OperatorRegistration()
    assert decide([share(when=FAILS_WITHOUT_LICENCE)], header("all"), no_licence) is None
    assert decide([share(), share(facets=["regulator"], when=FAILS_WITHOUT_LICENCE)], header("all"), no_licence) == {1}
    assert decide([share(), withhold(when=FAILS_WITHOUT_LICENCE)], header("all"), no_licence) is None


def test_the_body_is_only_asked_for_where_a_condition_needs_it() -> None:
    def refuse() -> OperatorRegistration:
        raise AssertionError("nobody needs the body")

    checked = policy([share("all"), share(facets=["regulator"], when=DEREGISTERED)])
    assert checked.grant("hefei", "statistics").decide(header("all"), KEY, refuse) is None
    assert checked.grant("wuhan", "verification").decide(header("hefei"), KEY, refuse) is None
    assert checked.grant("hefei", "verification").decide(header("all"), KEY, refuse) == frozenset({1})
    with pytest.raises(AssertionError):
        checked.grant("wuhan", "verification").decide(header("all"), KEY, refuse)


def test_a_change_of_policy_goes_to_every_member() -> None:
    change = Header(standard="node.policy_change", version=1, audience=["all"])
    for rules in ([], BASE):
        for peer, purpose in (("wuhan", "verification"), ("taiyuan", "anything")):
            grant = policy(rules).grant(peer, purpose)
            assert grant.decide(change, ("node.policy_change", 1), OperatorRegistration) == frozenset({1})


def test_a_retraction_shows_its_header_to_who_has_a_share() -> None:
    rules = [share(facets=["public", "regulator"]), withhold(when=DEREGISTERED), share("hefei"), withhold("hefei")]
    retraction = header("all", retracts="changsha-3")
    assert decide(rules, retraction, OperatorRegistration()) == frozenset()
    assert decide(rules, retraction, OperatorRegistration(), peer="hefei") is None
    assert decide(rules, retraction, OperatorRegistration(), peer="taiyuan") is None
    assert decide(rules, header(retracts="changsha-3"), OperatorRegistration()) is None


def test_a_retraction_shows_nothing_more_where_nothing_is_conditional() -> None:
    assert decide([share()], header("all", retracts="changsha-3"), OperatorRegistration()) == frozenset()


def test_many_threads_decide_at_once() -> None:
    grant = policy([share(when=DEREGISTERED)]).grant("wuhan", "verification")
    expected = [
        frozenset({1}) if body.status == OperatorStatus.OPERATOR_STATUS_DEREGISTERED else None for body in BODIES
    ]

    def all_bodies(_: int) -> list[frozenset[int] | None]:
        return [grant.decide(header("all"), KEY, partial(same, body)) for body in BODIES]

    with ThreadPoolExecutor(8) as pool:
        assert all(decided == expected for decided in pool.map(all_bodies, range(200)))


def test_peers_and_purposes_are_those_the_rules_name() -> None:
    checked = policy([*BASE, share("all"), {**withhold(), "purpose": "statistics"}])
    assert checked.peers() == ["hefei", "nanchang", "wuhan"]
    assert checked.purposes() == ["verification"]


def test_explain_says_why_each_rule_matched_or_not() -> None:
    rules = [
        share("hefei"),
        {**share(), "purpose": "statistics"},
        share(when=DEREGISTERED),
        withhold(when=FAILS_WITHOUT_LICENCE),
    ]
    explained = policy(rules).explain("wuhan", "verification", header("all"), OperatorRegistration())
    assert [rule.matched for rule in explained.rules] == [False, False, False, True]
    assert "not wuhan" in explained.rules[0].outcome
    assert "not verification" in explained.rules[1].outcome
    assert "false" in explained.rules[2].outcome
    assert "counts as withheld" in explained.rules[3].outcome
    assert explained.facets is None
    assert "withholds takes precedence" in explained.reason


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (header(), "for nobody"),
        (header("hefei"), "audience"),
        (header("all", retracts="changsha-1"), "retraction"),
        (header("all"), "rules that match"),
        (Header(standard="node.policy_change", version=1, audience=["all"]), "built in"),
    ],
)
def test_explain_names_what_decided(record: Header, reason: str) -> None:
    assert reason in policy([share()]).explain("wuhan", "verification", record, OperatorRegistration()).reason


@effort(60)
@given(rule_lists, st.sampled_from(PEERS), st.lists(records, min_size=1, max_size=8))
def test_several_purposes_disclose_what_any_of_them_does(rules: Rules, peer: str, some_records: list[Record]) -> None:
    checked = policy(rules)
    joint = checked.grant(peer, " ".join(reversed(PURPOSES)))
    single = [checked.grant(peer, purpose) for purpose in PURPOSES]
    for record, body in some_records:
        of_body = partial(same, body)
        told = [facets for grant in single if (facets := grant.decide(record, KEY, of_body)) is not None]
        assert joint.decide(record, KEY, of_body) == (frozenset().union(*told) if told else None)
    assert joint.digest == checked.grant(peer, " ".join(PURPOSES)).digest
