"""The sharing policy of one city: who may see which facets of which records, for what purpose. Default deny.

The rules are a YAML file (`policy_file`), checked here against the standards, and reduced for each peer and purpose
to a grant (`policy_grant`). Nothing here reads a clock or a file: a decision depends on the record and the rules alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

from cel_expr_python import cel
from google.protobuf.json_format import ParseDict, ParseError
from google.protobuf.message import Message

from node.core.document import Document, Location, parse_document, read_model
from node.core.log.record import EVERYONE
from node.core.policy.explain import Explanation, explain
from node.core.policy.file import WITHHELD, PolicyEntry, RuleEntry, TestEntry
from node.core.policy.grant import POLICY_CHANGE, Condition, Grant, JointGrant, Rule, StandardKey, plan_rules
from node.core.standards.standard import Facet, Standard
from node.errors import FileError, NodeError, Reason
from node.messages import _
from node.stubs.record.v1.record_pb2 import Header

M = TypeVar("M", bound=Message)
# Level L4: ID numbers, a reporter's identity.
_REFUSED_LEVEL = 4


@dataclass(frozen=True, slots=True)
class PolicyTest:
    """A case beside the rules: what `peer` is to see of a record; `expect` as `Grant.decide` gives facets."""

    name: str
    peer: str
    purpose: str
    header: Header
    body: Message
    expect: frozenset[int] | None
    line: int


MAX_PURPOSES = 8


class Policy:
    """The checked policy of one city.

    Attributes:
        city: slug of the city whose records it rules.
        rules: one for each rule of the file and version of its standard, in file order.
        tests: the cases beside the rules.
        facet_names: for each standard, the name of each facet number.
    """

    def __init__(
        self,
        city: str,
        rules: Sequence[Rule],
        tests: Sequence[PolicyTest],
        facet_names: Mapping[StandardKey, Mapping[int, str]],
    ) -> None:
        self.city = city
        self.rules = tuple(rules)
        self.tests = tuple(tests)
        self.facet_names = facet_names

    def grant(self, peer: str, purpose: str) -> Grant:
        """The effective rules for a peer; for a peer or purpose no rule names it shares nothing.

        Args:
            peer: City slug.
            purpose: One purpose, or several separated by spaces: then what any of them allows.

        Raises:
            NodeError: INVALID_ARGUMENT, more than MAX_PURPOSES.
        """
        purposes = sorted(set(purpose.split()))
        if len(purposes) > MAX_PURPOSES:
            raise NodeError(
                Reason.INVALID_ARGUMENT,
                _("{count} purposes at once; at most {limit} are allowed", count=len(purposes), limit=MAX_PURPOSES),
            )
        if len(purposes) > 1:
            return JointGrant(peer, [self._grant(peer, single) for single in purposes])
        return self._grant(peer, purpose)

    def _grant(self, peer: str, purpose: str) -> Grant:
        effective = [rule for rule in self.rules if rule.is_for(peer, purpose)]
        plans = {key: plan_rules(rule for rule in effective if rule.key == key) for key in {r.key for r in effective}}
        return Grant(peer, {key: plan for key, plan in plans.items() if plan is not None})

    def peers(self) -> list[str]:
        """The cities that rules name, sorted; "all" is not among them."""
        return sorted(frozenset().union(*(rule.peers for rule in self.rules)) - {EVERYONE})

    def purposes(self) -> list[str]:
        """The purposes for which anything may be shared, sorted."""
        return sorted({rule.purpose for rule in self.rules if rule.purpose and not rule.withholds})

    def explain(self, peer: str, purpose: str, header: Header, body: Message) -> Explanation:
        """Why `peer` sees of this record what it sees: every rule of its standard, matched or why not."""
        return explain(self.rules, self.grant(peer, purpose), (peer, purpose), header, body)


def parse_policy(text: str, path: str, standards: Iterable[Standard]) -> Policy:
    """Reads and checks a policy file.

    Args:
        text: YAML.
        path: name of the file, for errors.
        standards: every version of every standard the rules may name, as `standard.standards()` gives them.

    Raises:
        FileError: INVALID_POLICY with file, line and reason; see docs/policy.md for what is refused.
    """
    document = parse_document(text, path, Reason.INVALID_POLICY)
    entry = read_model(document, PolicyEntry, Reason.INVALID_POLICY)
    check = _Check(document, standards)
    rules = [rule for index, each in enumerate(entry.rules) for rule in check.rules(("rules", index), each)]
    tests = [check.test(("tests", index), each) for index, each in enumerate(entry.tests)]
    return Policy(entry.city, rules, tests, check.facet_names)


class _Check:
    """Holds what the file says against the standards."""

    def __init__(self, document: Document, standards: Iterable[Standard]) -> None:
        self._document = document
        self._standards = {(standard.name, standard.version): standard for standard in standards}
        self._environments: dict[StandardKey, cel.Env] = {}
        self._lines_of_ids: dict[str, int] = {}
        self.facet_names = {
            key: {facet.number: facet.name for facet in rule.facets} for key, rule in self._standards.items()
        }

    def line(self, at: Location) -> int:
        return self._document.summary_of(at) or 1

    def fail(self, at: Location, message: str) -> NoReturn:
        raise FileError(Reason.INVALID_POLICY, self._document.path, message, self.line(at))

    def rules(self, at: Location, entry: RuleEntry) -> list[Rule]:
        """One rule for each version of the standard that the entry is about."""
        kind = "share" if entry.withhold is None else "withhold"
        standard = entry.share or entry.withhold or ""
        if standard == POLICY_CHANGE[0]:
            self.fail((*at, kind), _("{standard} goes to every member; no rule can change that", standard=standard))
        rule_id = self.rule_id(at, entry)
        return [
            Rule(
                id=rule_id,
                withholds=kind == "withhold",
                key=key,
                peers=frozenset(entry.with_ or entry.from_),
                purpose=entry.purpose,
                facets=frozenset(self.shareable((*at, "facets", i), key, name) for i, name in enumerate(entry.facets)),
                condition=self.condition((*at, "when"), key, entry.when) if entry.when is not None else None,
                line=self.line(at),
            )
            for key in self.keys((*at, kind), standard, entry.version)
        ]

    def rule_id(self, at: Location, entry: RuleEntry) -> str:
        rule_id = entry.id or f"line {self.line(at)}"
        if rule_id in self._lines_of_ids:
            self.fail(
                (*at, "id"),
                _(
                    "rule id {rule_id!r} is already used on line {line}",
                    rule_id=rule_id,
                    line=self._lines_of_ids[rule_id],
                ),
            )
        self._lines_of_ids[rule_id] = self.line(at)
        return rule_id

    def keys(self, at: Location, standard: str, version: int | None) -> list[StandardKey]:
        named = sorted(key for key in self._standards if key[0] == standard)
        if not named:
            known = ", ".join(sorted({name for name, _version in self._standards}))
            self.fail(at, _("unknown standard {standard!r}; known are {known}", standard=standard, known=known))
        keys = [key for key in named if version in (None, key[1])]
        if not keys:
            self.fail(at, _("{standard} has no version {version}", standard=standard, version=version))
        return keys

    def facet(self, at: Location, key: StandardKey, name: str) -> Facet:
        facets = {facet.name: facet for facet in self._standards[key].facets}
        if name not in facets:
            self.fail(
                at,
                _("{standard} has no facet {name!r}; it has {facets}", standard=key[0], name=name, facets=list(facets)),
            )
        return facets[name]

    def shareable(self, at: Location, key: StandardKey, name: str) -> int:
        facet = self.facet(at, key, name)
        if facet.level >= _REFUSED_LEVEL:
            self.fail(
                at,
                _(
                    "facet {name!r} is level L{level}: bulk exchange of ID numbers is refused",
                    name=name,
                    level=facet.level,
                ),
            )
        return facet.number

    def condition(self, at: Location, key: StandardKey, text: str) -> Condition:
        try:
            return Condition(text, self._environment(key))
        except ValueError as error:
            self.fail(at, _("invalid condition: {error}", error=error))

    def _environment(self, key: StandardKey) -> cel.Env:
        if key not in self._environments:
            body = self._standards[key].message_type.DESCRIPTOR
            variables = {"header": cel.Type(Header.DESCRIPTOR.full_name), "body": cel.Type(body.full_name)}
            self._environments[key] = cel.NewEnv(variables=variables, container=body.file.package)
        return self._environments[key]

    def test(self, at: Location, entry: TestEntry) -> PolicyTest:
        key = self.keys((*at, "standard"), entry.standard, entry.version)[-1]
        names = [] if entry.expect == WITHHELD else list(entry.expect)
        facets = frozenset(self.facet((*at, "expect", i), key, name).number for i, name in enumerate(names))
        header = {"audience": [EVERYONE], **entry.header, "standard": key[0], "version": key[1]}
        return PolicyTest(
            name=entry.name,
            peer=entry.peer,
            purpose=entry.purpose,
            header=self.message((*at, "header"), header, Header()),
            body=self.message((*at, "body"), entry.body, self._standards[key].message_type()),
            expect=None if entry.expect == WITHHELD else facets,
            line=self.line(at),
        )

    def message(self, at: Location, fields: Mapping[str, Any], message: M) -> M:
        try:
            return ParseDict(dict(fields), message)
        except ParseError as error:
            self.fail(at, f"{at[-1]}: {error}")
