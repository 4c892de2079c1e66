"""What one peer may see for one purpose: rules reduced to the decision each record needs, and nothing more."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256
from typing import Any

from cel_expr_python import cel
from google.protobuf.any_pb2 import Any as PackedMessage
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet

from node.core.log.record import EVERYONE
from node.stubs.record.v1.record_pb2 import Header

StandardKey = tuple[str, int]
"""Name and version of a standard."""

POLICY_CHANGE: StandardKey = ("node.policy_change", 1)
_CHECKED_EXPR = 4
HEADER_ONLY: frozenset[int] = frozenset()
Disclosed = frozenset[int] | None
"""Facet numbers; None: withheld whole."""


class Undecided(Enum):
    """What a grant says of a run where each of its records needs a look."""

    UNDECIDED = 0


class Condition:
    """A CEL expression over `header` and `body`, type-checked to a bool: a pure function without a clock."""

    def __init__(self, text: str, env: cel.Env) -> None:
        """Compiles.

        Raises:
            ValueError: it does not check; says where in the text.
        """
        try:
            self._expression = env.compile(text)
        except RuntimeError as error:
            raise ValueError(str(error).removeprefix("INVALID_ARGUMENT: ERROR: ").splitlines()[0]) from None
        if self._expression.return_type() != cel.Type.BOOL:
            raise ValueError(f"a condition must be true or false, this is {self._expression.return_type().name()}")
        self.text = text
        self.digest = sha256(_canonical(self._expression)).hexdigest()

    def value(self, header: Header, body: Message) -> Any:
        """True or False; anything else is an error and reads as a text."""
        return self._expression.eval(data={"header": header, "body": body}).value()


def _canonical(expression: cel.Expression) -> bytes:
    """The syntax tree alone, free of spaces and comments: `expr` of cel.expr.CheckedExpr (cel/expr/checked.proto)."""
    checked = UnknownFieldSet(Empty.FromString(PackedMessage.FromString(expression.serialize()).value))
    fields = (checked[index] for index in range(len(checked)))
    return b"".join(field.data for field in fields if field.field_number == _CHECKED_EXPR)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule for one standard and version.

    Attributes:
        withholds: a match withholds the record whole, whatever is shared elsewhere.
        peers: city slugs; "all" is every member.
        purpose: None is every purpose.
        facets: facet numbers shared; empty where it withholds.
        condition: None is always.
        line: in the policy file, from 1.
    """

    id: str
    withholds: bool
    key: StandardKey
    peers: frozenset[str]
    purpose: str | None
    facets: frozenset[int]
    condition: Condition | None
    line: int

    def is_for(self, peer: str, purpose: str) -> bool:
        """Whether the rule speaks of this peer and purpose at all."""
        return self.purpose in (None, purpose) and not self.peers.isdisjoint((peer, EVERYONE))


@dataclass(frozen=True, slots=True)
class Plan:
    """The decision for the records of one standard and version.

    Attributes:
        always: facets shared without a condition; None where nothing is.
        shares: facets shared where their condition is true.
        withholds: conditions that withhold the record whole unless they are false.
    """

    always: frozenset[int] | None
    shares: tuple[tuple[Condition, frozenset[int]], ...] = ()
    withholds: tuple[Condition, ...] = ()

    @property
    def is_settled(self) -> bool:
        """No condition: every record is decided alike."""
        return not self.shares and not self.withholds

    def decide(self, header: Header, body: Message) -> Disclosed:
        """The facets to disclose. An error withholds: in a share its facets, in a withholding rule the record."""
        if any(condition.value(header, body) is not False for condition in self.withholds):
            return None
        granted = [facets for condition, facets in self.shares if condition.value(header, body) is True]
        if self.always is not None:
            granted.append(self.always)
        return frozenset().union(*granted) if granted else None

    def as_json(self) -> dict[str, Any]:
        """Canonical: equal for plans that decide alike by the same conditions."""
        return {
            "always": None if self.always is None else sorted(self.always),
            "shares": sorted([condition.digest, sorted(facets)] for condition, facets in self.shares),
            "withholds": sorted(condition.digest for condition in self.withholds),
        }


_UNDECIDED = Undecided.UNDECIDED
BUILT_IN: Mapping[StandardKey, Plan] = {POLICY_CHANGE: Plan(always=frozenset({1}))}
"""A change of policy is told to every member, for whatever purpose it pulls."""


class Grant:
    """The effective rules for one peer and purpose.

    Attributes:
        digest: hex SHA-256 over the rules in canonical JSON. An equal digest means equal decisions; comments, order,
            rule ids, other peers and purposes, and rules without effect do not enter it.
        plans: the decision for each standard and version of which anything is shared.
    """

    def __init__(self, peer: str, plans: Mapping[StandardKey, Plan]) -> None:
        self._seen_by = frozenset({peer, EVERYONE})
        self.plans = {**plans, **BUILT_IN}
        # Where no record needs a look: one dict lookup answers.
        self._settled = {key: plan.always for key, plan in self.plans.items() if plan.is_settled}
        self._shares = frozenset(self.plans)
        content = {f"{name}/{version}": plan.as_json() for (name, version), plan in self.plans.items()}
        self.digest = sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    def decide(self, header: Header, key: StandardKey, body: Callable[[], Message]) -> Disclosed:
        """The facet numbers to disclose of one record.

        Args:
            header: of the record.
            key: its standard and version, (header.standard, header.version).
            body: gives the whole message of the record; called only where a condition has to see it.

        Returns:
            None: the record is withheld whole, header too. An empty set: the header alone, which is what a
            retraction discloses to everyone who may have held the record it retracts.
        """
        shown = self.settled(header.audience, key)
        if shown is None or (shown is not _UNDECIDED and not header.retracts):
            return shown
        return HEADER_ONLY if header.retracts else self.plans[key].decide(header, body())

    def settled(self, audience: Iterable[str], key: StandardKey) -> Disclosed | Undecided:
        """What to disclose of every record with this audience and standard that is no retraction.

        UNDECIDED where a condition has to see each of them.
        """
        if self._seen_by.isdisjoint(audience) or key not in self._shares:
            return None
        return self._settled.get(key, _UNDECIDED)


class JointGrant(Grant):
    """The grants for several purposes taken together: what any of them discloses."""

    def __init__(self, peer: str, grants: Sequence[Grant]) -> None:
        super().__init__(peer, {})
        self._grants = grants
        self._settled = _jointly_settled(grants)
        self._shares = frozenset(key for grant in grants for key in grant.plans)
        self.digest = sha256("\n".join(grant.digest for grant in grants).encode()).hexdigest()

    def decide(self, header: Header, key: StandardKey, body: Callable[[], Message]) -> Disclosed:
        """The facet numbers to disclose, as `Grant.decide`."""
        shown = self.settled(header.audience, key)
        if shown is None or (shown is not _UNDECIDED and not header.retracts):
            return shown
        each = [facets for grant in self._grants if (facets := grant.decide(header, key, body)) is not None]
        return frozenset().union(*each) if each else None


def _jointly_settled(grants: Sequence[Grant]) -> dict[StandardKey, frozenset[int] | None]:
    """The standards whose records all grants decide without a look, and how they do together."""
    plans = [(key, plan) for grant in grants for key, plan in grant.plans.items()]
    open_ = {key for key, plan in plans if not plan.is_settled}
    settled: dict[StandardKey, frozenset[int] | None] = {}
    for key, plan in plans:
        if key not in open_ and plan.always is not None:
            settled[key] = (settled.get(key) or frozenset()) | plan.always
    return settled


def plan_rules(rules: Iterable[Rule]) -> Plan | None:
    """Reduces the rules of one standard, version, peer and purpose; None where they share nothing."""
    rules = list(rules)
    shares = [rule for rule in rules if not rule.withholds]
    withholds = [rule for rule in rules if rule.withholds]
    if not shares or any(rule.condition is None for rule in withholds):
        return None
    always = [rule.facets for rule in shares if rule.condition is None]
    floor = frozenset().union(*always) if always else None
    return Plan(floor, _conditional(shares, floor or frozenset()), _distinct(withholds))


def _conditional(shares: Iterable[Rule], floor: frozenset[int]) -> tuple[tuple[Condition, frozenset[int]], ...]:
    """One entry a condition, without what is shared anyway."""
    conditions: dict[str, Condition] = {}
    facets: dict[str, frozenset[int]] = defaultdict(frozenset)
    for rule in shares:
        if rule.condition is not None and rule.facets - floor:
            conditions[rule.condition.digest] = rule.condition
            facets[rule.condition.digest] |= rule.facets - floor
    return tuple((conditions[digest], facets[digest]) for digest in conditions)


def _distinct(withholds: Iterable[Rule]) -> tuple[Condition, ...]:
    return tuple({rule.condition.digest: rule.condition for rule in withholds if rule.condition}.values())
