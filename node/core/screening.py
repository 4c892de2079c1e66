"""Screening: by which keys a listing matches, when it is in force, and what tells it from one that had ended.

Three lists, never merged. A name is no key: it is never looked at. A person is known by the keyed HMAC of an ID number,
because ID numbers are few enough to try them all against a plain hash.
"""

import base64
import hmac
from collections.abc import Iterator, Mapping
from datetime import date
from types import MappingProxyType
from typing import NamedTuple

from google.protobuf.message import Message

from node.core.law.listing_term import SERIOUS, last_day, restriction_of, stated_day
from node.core.standards import standard as standards
from node.core.standards.identifiers import Problem, normalise
from node.core.standards.party_key import canonical_key, problem_of_code, problem_of_licence, subject_of
from node.core.workflow.case import Case
from node.core.workflow.facts import ActFact
from node.core.workflow.model import Product
from node.errors import NodeError, Reason
from node.messages import _
from node.stubs.record.v1.record_pb2 import Header
from node.stubs.screening.v1.screening_pb2 import Entry, Hit
from node.stubs.standard.v1 import listing_pb2 as lists

HMAC_BYTES = 32
PERSON_KEY_BYTES = 32
PERSON_KEY_LABEL = "GONGZHI+PERSON+"
_PERSON = b"gongzhi.person.v1\0"
_CASE = "case:"
_HMAC_LENGTH = Problem("id_hmac_length", f"a keyed HMAC of an ID number has {HMAC_BYTES} bytes")
_PARTY_FIELDS = {
    lists.MATCH_KEY_USCC: "uscc",
    lists.MATCH_KEY_LEGACY_NUMBER: "legacy_number",
    lists.MATCH_KEY_LICENCE: "licence_number",
}


class List(NamedTuple):
    """One of the lists.

    Attributes:
        kind: its `ListKind`.
        in_force: states of its workflow in which a party is on the list.
        public: those of them in which anybody may know it.
        began: field with the first day on the list.
        decision: fields that tell one decision to list a party from another.
        is_public: its grounds are public (L1).
    """

    kind: lists.ListKind.ValueType
    in_force: frozenset[str]
    public: frozenset[str]
    began: str
    decision: tuple[str, ...]
    is_public: bool


class Key(NamedTuple):
    """A subject key and the `MatchKey` it is."""

    kind: lists.MatchKey.ValueType
    subject: str


class Listing(NamedTuple):
    """What a record of a list says, whichever list it is. Days are YYYY-MM-DD or empty."""

    grounds: tuple[int, ...]
    decision_number: str
    since: str
    until: str
    removed_on: str
    published_on: str
    restricted_until: str


def _is_public(name: str) -> bool:
    return next(field.level for field in standards.get(name).fields if field.path == "grounds") == 1


def _list(
    name: str, kind: lists.ListKind.ValueType, in_force: str, public: str, began: str, decision: str
) -> tuple[str, List]:
    states, known = frozenset(in_force.split()), frozenset(public.split())
    return name, List(kind, states, known, began, tuple(decision.split()), _is_public(name))


LISTS: Mapping[str, List] = MappingProxyType(
    dict(
        (
            _list(
                SERIOUS,
                lists.LIST_KIND_SERIOUS,
                "decided pushed published reinstated",
                "published reinstated",
                "decided_on",
                "decision_number",
            ),
            _list(
                "listing.abnormal",
                lists.LIST_KIND_ABNORMAL,
                "listed applied",
                "listed applied",
                "decided_on",
                "decision_number",
            ),
            _list(
                "listing.platform",
                lists.LIST_KIND_PLATFORM,
                "listed notified appealed upheld",
                "",
                "listed_on",
                "platform.name listed_on",
            ),
        )
    )
)
"""Standard -> list. Whoever is on one is on no other by that."""


def parse_person_key(text: str) -> bytes:
    """The federation's key in the text of its file.

    Raises:
        NodeError: INVALID_KEY.
    """
    label, digest, secret = text.strip().partition(PERSON_KEY_LABEL)
    try:
        key = base64.b64decode(secret, validate=True)
    except ValueError:
        key = b""
    if label or not digest or len(key) != PERSON_KEY_BYTES:
        raise NodeError(Reason.INVALID_KEY, _("not a key for ID numbers"))
    return key


def person_hmac(key: bytes, id_number: str) -> bytes:
    """What stands for an ID number: HMAC-SHA-256 under the federation's key."""
    return hmac.digest(key, _PERSON + normalise(id_number).encode(), "sha256")


def keys_of(entry: Entry) -> list[Key]:
    """The keys of an entry of a roster; none where it has nothing but a name."""
    keys = []
    if (code := entry.uscc) and (subject := subject_of(code)):
        kind = lists.MATCH_KEY_USCC if subject.startswith("uscc:") else lists.MATCH_KEY_LEGACY_NUMBER
        keys.append(Key(kind, subject))
    if (number := entry.licence_number) and (licence := canonical_key(number)):
        keys.append(Key(lists.MATCH_KEY_LICENCE, f"licence:{licence}"))
    if len(id_hmac := entry.id_hmac) == HMAC_BYTES:
        keys.append(Key(lists.MATCH_KEY_ID_HMAC, f"idhmac:{id_hmac.hex()}"))
    return keys


def problems_of(entry: Entry) -> list[Problem]:
    """Why keys of an entry can be nobody's: that nothing is found by them says nothing of the party."""
    problems = [
        entry.uscc and problem_of_code(entry.uscc),
        entry.licence_number and problem_of_licence(entry.licence_number),
        _HMAC_LENGTH if len(entry.id_hmac) not in {0, HMAC_BYTES} else None,
    ]
    return [problem for problem in problems if problem]


def listing_of(name: str, body: Message) -> Listing:
    """What a record of the list `name` says; of a serious listing the law says when it ends at the latest."""
    since = getattr(body, LISTS[name].began)
    restricted = restriction_of(body) if name == SERIOUS else ""
    return Listing(
        tuple(body.grounds),  # type: ignore[attr-defined]
        getattr(body, "decision_number", ""),
        since,
        last_day_of(name, getattr(body, "until", ""), since, restricted),
        getattr(body, "removed_on", ""),
        getattr(body, "published_on", ""),
        restricted,
    )


def last_day_of(name: str, until: str, since: str, restricted_until: str) -> str:
    """The last day on a list, for who is on it since a day and is to leave after another; empty where it has none."""
    stated, listed_on = stated_day(until), stated_day(since)
    last = stated.isoformat() if stated else ""
    return last_day(last, listed_on, restricted_until) if name == SERIOUS and listed_on else last


def has_ended(listing: Listing, header: Header, day: date, now_ms: int) -> bool:
    """Whether a listing is over by itself. The last day of a term still counts."""
    today = day.isoformat()
    over = bool(listing.until) and listing.until < today
    removed = bool(listing.removed_on) and listing.removed_on <= today
    return over or removed or 0 < header.valid_until_ms <= now_ms


def is_in_force(name: str, listing: Listing, header: Header, state: str, day: date, now_ms: int) -> bool:
    """Whether a party is on the list: by the state of the case where there is one, and within the term.

    Nobody is on a platform's list without a term (order 117 Art 14); an abnormal listing has none, it ends by removal.
    """
    if (state and state not in LISTS[name].in_force) or (name == "listing.platform" and not listing.until):
        return False
    return not has_ended(listing, header, day, now_ms)


def is_published(name: str, listing: Listing, state: str, day: date) -> bool:
    """Whether anybody may know of a listing in force."""
    listed_by = LISTS[name]
    if not listed_by.is_public or state:
        return state in listed_by.public
    # The list of serious violations is published after the decision, the others with it.
    return name != SERIOUS or "" < listing.published_on <= day.isoformat()


def marks(city: str, name: str, body: Message) -> list[str]:
    """What a listing is known by again after its values were destroyed: list, decision and one party key each.

    And the city: what one city ends must not end what another lists.
    """
    decision = [_read(body, path) for path in LISTS[name].decision] if name in LISTS else []
    if not decision or not all(decision):
        return []
    return ["\0".join((city, name, *decision, subject)) for subject in _party_keys(name, body)]


def _party_keys(name: str, body: Message) -> Iterator[str]:
    return (subject for subject in standards.get(name).subjects(body) if not subject.startswith(_CASE))


def _read(message: Message, path: str) -> str:
    value: object = message
    for name in path.split("."):
        value = getattr(value, name)
    return str(value)


def case_of(header: Header) -> str:
    """The case that a record is an act of; empty for one that opens a case or is no act."""
    return next((subject.removeprefix(_CASE) for subject in header.subjects if subject.startswith(_CASE)), "")


def hit_of(hit: Hit, entry: Entry, name: str, screened_by: str, screened_at: str, on: date) -> lists.ListingHit:
    """What a confirmed hit says: who screened what, where and when, which listing matched, on which key.

    Args:
        hit: as an officer was told it.
        entry: of the roster; only the key that matched is passed on.
        name: of the party, for the reader; it matched nothing.
        screened_by: organ or platform.
        screened_at: the occasion, e.g. a platform's roster.
        on: the day.
    """
    listed = lists.ListingHit(
        list=hit.list,
        listing=hit.record_id,
        matched_on=hit.matched_on,
        screened_by=screened_by,
        screened_at=screened_at,
        screened_on=on.isoformat(),
    )
    kind, subject = next(key for key in keys_of(entry) if key.kind == hit.matched_on)
    if kind == lists.MATCH_KEY_ID_HMAC:
        listed.id_hmac = entry.id_hmac
    else:
        setattr(listed.party, _PARTY_FIELDS[kind], subject.partition(":")[2])
    if name:
        listed.party.name = name
    return listed


def listing_acts(case: Case) -> list[ActFact]:
    """The acts that put the party on the list; the last of them counts."""
    makes = {
        act.name
        for act in case.workflow.acts
        for made in act.makes
        if made.product is Product.RECORD and made.standard == case.workflow.name
    }
    return [fact for fact in case.in_force() if fact.act in makes]
