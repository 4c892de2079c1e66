"""What a grant decides, held against a naive reading of the rules."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from node.core.policy import Policy, parse_policy
from node.core.standard import standards
from node.record.v1.record_pb2 import Header
from node.standard.v1.operator_pb2 import Licence, OperatorRegistration, OperatorStatus

Rules = Sequence[dict[str, Any]]
Record = tuple[Header, OperatorRegistration]

STANDARD = "operator.registration"
KEY = (STANDARD, 1)
FACETS = {"public": 1, "regulator": 2, "personal": 3}
PEERS = ["wuhan", "hefei", "nanchang"]
PURPOSES = ["verification", "statistics"]
DEREGISTERED = "body.status == OperatorStatus.OPERATOR_STATUS_DEREGISTERED"
FAILS_WITHOUT_LICENCE = "body.licences[0].number == 'SC12444034200297'"
# Each condition and what it is for a body: None is an error.
CONDITIONS: dict[str, Callable[[OperatorRegistration], bool | None]] = {
    DEREGISTERED: lambda body: body.status == OperatorStatus.OPERATOR_STATUS_DEREGISTERED,
    FAILS_WITHOUT_LICENCE: lambda body: body.licences[0].number == "SC12444034200297" if body.licences else None,
    "header.city == 'changsha'": lambda _: True,
    "1 / size(body.name) > 0": lambda body: len(body.name) == 1 if body.name else None,
}
BODIES = [
    OperatorRegistration(name=name, status=status, licences=licences)
    for name in ("", "甲", "甲乙")
    for status in (OperatorStatus.OPERATOR_STATUS_IN_BUSINESS, OperatorStatus.OPERATOR_STATUS_DEREGISTERED)
    for licences in ([], [Licence(number="SC12444034200297")], [Licence(number="JY11108071215650")])
]

peers = st.lists(st.sampled_from([*PEERS, "all"]), min_size=1, max_size=3)
conditions = st.none() | st.sampled_from(sorted(CONDITIONS))
shares = st.fixed_dictionaries(
    {
        "share": st.just(STANDARD),
        "with": peers,
        "purpose": st.sampled_from(PURPOSES),
        "facets": st.lists(st.sampled_from(sorted(FACETS)), min_size=1, max_size=3),
        "when": conditions,
    }
)
withholds = st.fixed_dictionaries(
    {
        "withhold": st.just(STANDARD),
        "from": peers,
        "purpose": st.none() | st.sampled_from(PURPOSES),
        "when": conditions,
    }
)
rule_lists = st.lists(shares | withholds, max_size=6)
records = st.builds(
    lambda audience, body: (header(*audience), body),
    st.lists(st.sampled_from([*PEERS, "all"]), max_size=2),
    st.sampled_from(BODIES),
)


def header(*audience: str, **fields: Any) -> Header:
    return Header(standard=STANDARD, version=1, city="changsha", audience=audience, **fields)


def policy(rules: Rules) -> Policy:
    plain = [{key: value for key, value in rule.items() if value is not None} for rule in rules]
    return parse_policy(yaml.safe_dump({"city": "changsha", "rules": plain}), "policy.yaml", standards())


def share(peer: str = "wuhan", facets: Sequence[str] = ("public",), when: str | None = None) -> dict[str, Any]:
    return {"share": STANDARD, "with": [peer], "purpose": "verification", "facets": list(facets), "when": when}


def withhold(peer: str = "wuhan", when: str | None = None) -> dict[str, Any]:
    return {"withhold": STANDARD, "from": [peer], "when": when}


def decide(rules: Rules, record: Header, body: OperatorRegistration, peer: str = "wuhan") -> Any:
    return policy(rules).grant(peer, "verification").decide(record, KEY, lambda: body)


def _same(body: OperatorRegistration) -> OperatorRegistration:
    return body


def naive(rules: Rules, peer: str, purpose: str, record: Header, body: OperatorRegistration) -> Any:
    """The rules read one by one, as the guide says them."""

    def value(rule: dict[str, Any]) -> bool | None:
        return CONDITIONS[rule["when"]](body) if rule["when"] else True

    mine = [rule for rule in rules if {peer, "all"} & set(rule["with"] if "with" in rule else rule["from"])]
    mine = [rule for rule in mine if rule["purpose"] in (purpose, None)]
    if not {peer, "all"} & set(record.audience):
        return None
    if any("withhold" in rule and value(rule) is not False for rule in mine):
        return None
    shared = [rule["facets"] for rule in mine if "share" in rule and value(rule) is True]
    return frozenset(FACETS[name] for facets in shared for name in facets) if shared else None


@settings(max_examples=60, deadline=None)
@given(rule_lists, st.sampled_from(PEERS), st.sampled_from(PURPOSES), st.lists(records, min_size=1, max_size=8))
def test_a_grant_decides_as_the_rules_read(rules: Rules, peer: str, purpose: str, some_records: list[Record]) -> None:
    checked = policy(rules)
    grant = checked.grant(peer, purpose)
    for record, body in some_records:
        expected = naive(rules, peer, purpose, record, body)
        assert grant.decide(record, KEY, partial(_same, body)) == expected
        assert checked.explain(peer, purpose, record, body).facets == expected


@settings(max_examples=40, deadline=None)
@given(st.lists(withholds, max_size=4), st.sampled_from(PEERS), st.sampled_from(PURPOSES), records)
def test_without_a_share_nothing_is_seen(rules: Rules, peer: str, purpose: str, record: Record) -> None:
    assert policy(rules).grant(peer, purpose).decide(record[0], KEY, lambda: record[1]) is None


@settings(max_examples=40, deadline=None)
@given(rule_lists, st.sampled_from(PEERS), records)
def test_a_withhold_without_a_condition_wins(rules: Rules, peer: str, record: Record) -> None:
    rules = [*rules, {"withhold": STANDARD, "from": [peer], "purpose": None, "when": None}]
    for purpose in PURPOSES:
        assert policy(rules).grant(peer, purpose).decide(record[0], KEY, lambda: record[1]) is None


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_order_and_ids_of_rules_do_not_change_the_digest(data: st.DataObject) -> None:
    rules = data.draw(rule_lists)
    shuffled = [{**rule, "id": f"rule-{n}"} for n, rule in enumerate(data.draw(st.permutations(rules)))]
    for peer in PEERS:
        assert policy(rules).grant(peer, "verification").digest == policy(shuffled).grant(peer, "verification").digest


@settings(max_examples=60, deadline=None)
@given(rule_lists, rule_lists, st.sampled_from(PEERS), st.sampled_from(PURPOSES))
def test_an_equal_digest_means_equal_decisions(rules: Rules, others: Rules, peer: str, purpose: str) -> None:
    one, other = policy(rules).grant(peer, purpose), policy(others).grant(peer, purpose)
    if one.digest != other.digest:
        return
    for body in BODIES:
        decisions = {grant.decide(header("all"), KEY, partial(_same, body)) for grant in (one, other)}
        assert len(decisions) == 1


@settings(max_examples=60, deadline=None)
@given(st.lists(shares, max_size=4), st.lists(shares, max_size=4), st.sampled_from(PEERS))
def test_without_conditions_equal_decisions_mean_an_equal_digest(rules: Rules, others: Rules, peer: str) -> None:
    grants = [policy([{**r, "when": None} for r in some]).grant(peer, "verification") for some in (rules, others)]
    decisions = {grant.decide(header("all"), KEY, OperatorRegistration) for grant in grants}
    assert (len(decisions) == 1) == (grants[0].digest == grants[1].digest)


BASE = [share(), share("hefei", ["public", "regulator"]), withhold("nanchang", DEREGISTERED)]


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


def test_the_digest_tells_what_a_condition_shares() -> None:
    facets: list[list[str]] = [["public"], ["regulator"], ["public", "regulator"]]
    grants = [policy([share(facets=names, when=DEREGISTERED)]).grant("wuhan", "verification") for names in facets]
    assert len({grant.digest for grant in grants}) == 3


def test_the_digest_is_the_same_in_every_process() -> None:
    """Peers keep digests: another value here, after an update of CEL for instance, makes each of them revise once."""
    digest = policy([share(), share(facets=["regulator"], when=DEREGISTERED)]).grant("wuhan", "verification").digest
    assert digest == "d2dc5a529f44bf3658eb2acaf8719f4798df4749a8603fa32fba8e4f5a720f16"


def test_many_threads_decide_at_once() -> None:
    grant = policy([share(when=DEREGISTERED)]).grant("wuhan", "verification")
    expected = [
        frozenset({1}) if body.status == OperatorStatus.OPERATOR_STATUS_DEREGISTERED else None for body in BODIES
    ]

    def all_bodies(_: int) -> list[frozenset[int] | None]:
        return [grant.decide(header("all"), KEY, partial(_same, body)) for body in BODIES]

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
    assert "denies" in explained.rules[3].outcome
    assert explained.facets is None
    assert "withholds wins" in explained.reason


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
