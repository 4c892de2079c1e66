"""Screening over real stores: which listings hit, which do not, and what each asker learns of a hit."""

from typing import Any

import pytest

from node.core.members.platforms import Connected, Connections
from node.core.screening import LISTS, person_hmac
from node.errors import NodeError, Reason
from node.stubs.screening.v1 import screening_pb2
from node.stubs.screening.v1.screening_pb2 import Entry
from node.stubs.standard.v1 import listing_pb2, party_pb2
from node.usecases.casework.lists.screen import digest_keys
from node.usecases.records.verify_operator import Asker
from tests.kit.clock import NOW_MS
from tests.kit.samples.standards import PLATFORM as ITS_PLATFORM
from tests.kit.samples.standards import RESIDENT_ID
from tests.kit.stores.city import City, only, operator
from tests.kit.stores.listings import (
    DAY_MS,
    KEY,
    LICENCE,
    NAMES,
    OFFICER,
    OTHER,
    PLATFORM,
    USCC,
    entry,
    hits,
    listing,
    publish,
    screened,
    screening,
)

PARTY = party_pb2.Party(uscc=USCC, name="某某食品有限公司", licence_number=LICENCE)
PERSON = person_hmac(KEY, RESIDENT_ID)


@pytest.mark.parametrize("name", NAMES)
def test_each_list_hits_by_each_key_in_own_log_and_replica(cities: tuple[City, City], name: str) -> None:
    own, peer = cities
    keys: dict[str, Any] = {} if name == "listing.abnormal" else {"id_hmac": PERSON}
    record = publish(own, name, listing(name, party=PARTY, **keys))
    peer.pull(own)
    asked: dict[str, Any] = {"uscc": USCC.lower(), "licence_number": LICENCE} | keys
    kinds = {"uscc": "USCC", "licence_number": "LICENCE", "id_hmac": "ID_HMAC"}
    for city in cities:
        for field, value in asked.items():
            (hit,) = hits(city, **{field: value})
            assert hit.list == LISTS[name].kind
            assert (hit.record_id, hit.city, hit.is_stale) == (record, "changsha", False)
            assert listing_pb2.MatchKey.Name(hit.matched_on) == f"MATCH_KEY_{kinds[field]}"
            assert hit.grounds
            assert hit.since
            assert hit.as_of_ms == NOW_MS


def test_lists_are_never_merged(cities: tuple[City, City]) -> None:
    own, _ = cities
    records = [publish(own, name, listing(name, party=PARTY)) for name in NAMES]
    found = hits(own, uscc=USCC)
    assert sorted(hit.record_id for hit in found) == records
    assert sorted(hit.list for hit in found) == [1, 2, 3]


def test_a_name_alone_is_no_key(cities: tuple[City, City]) -> None:
    own, _ = cities
    publish(own, "listing.serious", listing("listing.serious", party=PARTY))
    assert {field.name for field in Entry.DESCRIPTOR.fields} == {"uscc", "licence_number", "id_hmac"}
    assert screened(own).result == screening_pb2.RESULT_NO_KEY
    # Nor does a name in the place of a key.
    assert not hits(own, uscc=PARTY.name)
    assert not hits(own, licence_number=PARTY.name)


def test_others_with_other_keys_do_not_hit(cities: tuple[City, City]) -> None:
    own, _ = cities
    publish(own, "listing.serious", listing("listing.serious", party=PARTY, id_hmac=PERSON))
    own.register(operator(OTHER))
    assert not hits(own, uscc=OTHER)
    assert not hits(own, id_hmac=person_hmac(b"x" * 32, RESIDENT_ID))
    assert screened(own, id_hmac=b"short").reason == "id_hmac_length"


IN_WORDS = "".join(chr(ord(each) + 0xFEE0) for each in USCC)


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        (USCC.replace("0", "O", 1), "uscc_character"),
        (USCC.replace("1", "I", 1), "uscc_character"),
        (USCC[:-1] + "2", "uscc_check_digit"),
        (USCC[:-1], "uscc_length"),
        (USCC + "0", "uscc_length"),
        (USCC[:4], "uscc_length"),
        ("bad", "uscc_length"),
        ("某某食品有限公司", "uscc_length"),
        ("9.143E+17", "number_mangled"),
        ("９.１４３Ｅ＋１７", "number_mangled"),
        ("914301001838418000.0", "number_mangled"),
        ("914,301,001,838,418,210", "number_mangled"),
        ("914301001840877000", "uscc_truncated"),
        (f"{USCC}/{OTHER}", "several_codes"),
        (f"{USCC}\n{OTHER}", "several_codes"),
        (f"{USCC}（430100000012345）", "several_codes"),
        (f"{USCC}、{OTHER[:-1]}Z", "several_codes"),
        (RESIDENT_ID, "id_number_as_code"),
        (RESIDENT_ID.lower(), "id_number_as_code"),
        (RESIDENT_ID[:6] + RESIDENT_ID[8:17], "id_number_as_code"),
        ("   ", "key_missing"),
        ("\u200b", "key_missing"),
        (USCC * 1000, "key_too_long"),
    ],
)
def test_a_code_that_can_be_nobodys_is_in_doubt_to_every_asker(
    cities: tuple[City, City], key: str, reason: str
) -> None:
    """Whether or not anybody is on a list: nothing found by such a code is no clearance."""
    own, _ = cities
    for _ in range(2):
        for asker in (OFFICER, PLATFORM):
            told = screened(own, asker, uscc=key)
            assert (told.result, told.reason) == (screening_pb2.RESULT_DOUBTFUL, reason)
            assert told.advice[0].startswith(f"{reason}: ")
            assert told.advice_zh[0].startswith(f"{reason}：")
            assert key.strip() not in str(told) or not key.strip()
            # The listing counts all the same where another key of the entry leads to it.
            both = screened(own, asker, uscc=key, licence_number=LICENCE)
            assert both.reason == reason
            assert bool(both.hits) == (bool(own.store.by_subject(f"uscc:{USCC}")))
        publish(own, "listing.serious", listing("listing.serious", party=PARTY))


@pytest.mark.parametrize("key", [USCC.lower(), f" {USCC}\t", IN_WORDS, f"'{USCC}", f"{USCC[:9]} {USCC[9:]}\u200b"])
def test_a_code_in_another_spelling_is_that_code(cities: tuple[City, City], key: str) -> None:
    own, _ = cities
    publish(own, "listing.serious", listing("listing.serious", party=PARTY))
    assert len(hits(own, uscc=key)) == 1
    assert screened(own, uscc=key).reason == ""


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("无证", "licence_format"),
        ("SC1O244403420029", "licence_format"),
        (LICENCE.replace("0", "O", 1), "licence_format"),
        (LICENCE[:-1] + "0", "licence_check_digit"),
        ("1.24E+14", "number_mangled"),
        (RESIDENT_ID, "id_number_as_code"),
    ],
)
def test_a_licence_that_can_be_nobodys_is_in_doubt(cities: tuple[City, City], key: str, reason: str) -> None:
    told = screened(cities[0], licence_number=key)
    assert (told.result, told.reason) == (screening_pb2.RESULT_DOUBTFUL, reason)
    assert screened(cities[0], licence_number="SCXK(湘)2011-0001").result == screening_pb2.RESULT_NO_HIT


def test_without_a_key_nobody_was_screened(cities: tuple[City, City]) -> None:
    told = screened(cities[0])
    assert (told.result, told.reason) == (screening_pb2.RESULT_NO_KEY, "key_missing")


@pytest.mark.parametrize("issued_at_ms", [2**62, -(2**62)])
def test_a_record_of_a_day_that_cannot_be_told_stops_no_roster(cities: tuple[City, City], issued_at_ms: int) -> None:
    own, peer = cities
    publish(own, "listing.platform", listing("listing.platform", party=PARTY), issued_at_ms=issued_at_ms)
    stays = publish(own, "listing.serious", listing("listing.serious"))
    peer.pull(own)
    assert [hit.record_id for hit in hits(peer, uscc=USCC)] == [stays]


@pytest.mark.parametrize("is_garbage", [True, False])
def test_a_record_that_cannot_be_read_stops_no_roster(cities: tuple[City, City], is_garbage: bool) -> None:
    """Nor is its party clear: a later version, which another city's node knows already, may list it."""
    own, peer = cities
    unread = entry(own, "listing.serious", listing("listing.serious", party=PARTY), version=1 if is_garbage else 9)
    own.append([unread._replace(bodies=[b"\xff"] * len(unread.bodies)) if is_garbage else unread])
    stays = publish(own, "listing.serious", listing("listing.serious"))
    peer.pull(own)
    for city in cities:
        assert [hit.record_id for hit in hits(city, uscc=USCC)] == [stays]
        assert screened(city, licence_number=LICENCE).result == screening_pb2.RESULT_UNANSWERED
        assert screened(city, uscc=OTHER).result == screening_pb2.RESULT_NO_HIT


def test_a_header_alone_holds_nothing_against_anybody(cities: tuple[City, City]) -> None:
    own, peer = cities
    publish(own, "listing.serious", listing("listing.serious", party=PARTY))
    peer.pull(own, see=only(2))
    assert not hits(peer, uscc=USCC)


def test_a_replica_answers_for_its_purpose_alone_and_tells_its_age(cities: tuple[City, City]) -> None:
    own, peer = cities
    publish(own, "listing.serious", listing("listing.serious", party=PARTY))
    peer.pull(own)
    other = Asker("statistics", is_officer=True)
    assert screened(peer, other, uscc=USCC).result == screening_pb2.RESULT_UNANSWERED
    assert hits(own, other, uscc=USCC)
    peer.clock.at_ms += DAY_MS + 1
    assert [hit.is_stale for hit in hits(peer, uscc=USCC)] == [True]


def test_a_platform_learns_list_and_grounds_of_published_listings_only(cities: tuple[City, City]) -> None:
    own, _ = cities
    body = listing("listing.serious", party=PARTY, published_on="")
    publish(own, "listing.serious", body, "row")
    publish(own, "listing.platform", listing("listing.platform", party=PARTY))
    assert not hits(own, PLATFORM, uscc=USCC)
    publish(own, "listing.serious", listing("listing.serious", party=PARTY), "row")
    (hit,) = hits(own, PLATFORM, uscc=USCC)
    assert {field.name for field, _ in hit.ListFields()} == {"list", "grounds"}


def test_a_batch_is_answered_in_order_and_has_a_limit(cities: tuple[City, City]) -> None:
    own, _ = cities
    publish(own, "listing.serious", listing("listing.serious", party=PARTY))
    entries = [Entry(uscc=OTHER), Entry(uscc=USCC), Entry()]
    results = [each.result for each in screening(own).screen(digest_keys(entries), PLATFORM)]
    assert results == [screening_pb2.RESULT_NO_HIT, screening_pb2.RESULT_HIT, screening_pb2.RESULT_NO_KEY]
    with pytest.raises(NodeError) as error:
        digest_keys([Entry()] * 1001)
    assert error.value.reason is Reason.TOO_LARGE


def test_a_list_in_a_platforms_name_counts_from_the_city_it_is_connected_to_alone(cities: tuple[City, City]) -> None:
    """A lying city publishes a blacklist of a platform that is not its own."""
    own, peer = cities
    publish(own, "listing.platform", listing("listing.platform", party=PARTY))
    peer.pull(own)
    asked = digest_keys([Entry(uscc=USCC)])

    def found(*named: str) -> int:
        connected = Connections({city: (Connected(ITS_PLATFORM.name),) for city in named})
        return len(screening(peer, connected).screen(asked, OFFICER)[0].hits)

    assert (found(own.city), found(peer.city), found()) == (1, 0, 0)
