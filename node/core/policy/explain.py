"""Why a peer sees of one record what it sees."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from google.protobuf.message import Message

from node.core.log.record import EVERYONE
from node.core.policy.grant import POLICY_CHANGE, Grant, Rule
from node.messages import _
from node.stubs.record.v1.record_pb2 import Header


@dataclass(frozen=True, slots=True)
class Considered:
    """One rule as it met one record: `effect` is "share" or "withhold", `outcome` says why it matched or not."""

    rule: str
    line: int
    effect: str
    matched: bool
    outcome: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a peer sees of a record what it sees; `facets` as `Grant.decide` gives them."""

    peer: str
    purpose: str
    rules: tuple[Considered, ...]
    facets: frozenset[int] | None
    reason: str


def explain(rules: Sequence[Rule], grant: Grant, asked: tuple[str, str], header: Header, body: Message) -> Explanation:
    """Considers every rule of the record's standard; the facets are what the grant itself decides.

    Args:
        rules: of the whole policy.
        grant: for the peer and purpose in `asked`.
        asked: peer and purpose.
        header: of the record.
        body: the whole message of the record.
    """
    key = (header.standard, header.version)
    considered = tuple(_consider(rule, asked, header, body) for rule in rules if rule.key == key)
    facets = grant.decide(header, key, lambda: body)
    why = _why_withheld(asked[0], header, considered) if facets is None else _why_shown(header)
    return Explanation(*asked, considered, facets, why)


def _consider(rule: Rule, asked: tuple[str, str], header: Header, body: Message) -> Considered:
    peer, purpose = asked
    considered = partial(Considered, rule.id, rule.line, "withhold" if rule.withholds else "share")
    if rule.peers.isdisjoint((peer, EVERYONE)):
        return considered(False, _("is for {peers}, not {peer}", peers=sorted(rule.peers), peer=peer))
    if not rule.is_for(peer, purpose):
        return considered(False, _("is for purpose {wanted}, not {purpose}", wanted=rule.purpose, purpose=purpose))
    if rule.condition is None:
        return considered(True, _("has no condition"))
    value = rule.condition.value(header, body)
    if isinstance(value, bool):
        return considered(value, _("condition is true") if value else _("condition is false"))
    return considered(
        rule.withholds, _("condition cannot be evaluated, which counts as withheld: {error}", error=value)
    )


def _why_shown(header: Header) -> str:
    if (header.standard, header.version) == POLICY_CHANGE:
        return _("built in: every member learns of a policy change")
    if header.retracts:
        return _("built in: every peer that this standard is shared with learns of a retraction")
    return _("shared by the rules that match")


def _why_withheld(peer: str, header: Header, rules: Sequence[Considered]) -> str:
    if not header.audience:
        return _("the record has no audience: it is for nobody")
    if not {peer, EVERYONE} & set(header.audience):
        return _("the record's audience does not name this peer")
    if any(rule.matched and rule.effect == "withhold" for rule in rules):
        return _("a rule that withholds takes precedence over rules that share")
    return _("no rule shares it: withheld by default")
