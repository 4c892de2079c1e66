"""A naive reading of policy rules, and the rules and records to hold it against."""

from collections.abc import Callable, Sequence
from typing import Any

import yaml
from hypothesis import strategies as st

from node.core.policy.policy import Policy, parse_policy
from node.core.standards.standard import standards
from node.stubs.record.v1.record_pb2 import Header
from node.stubs.standard.v1.operator_pb2 import Licence, OperatorRegistration, OperatorStatus

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


def same(body: OperatorRegistration) -> OperatorRegistration:
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


BASE = [share(), share("hefei", ["public", "regulator"]), withhold("nanchang", DEREGISTERED)]
