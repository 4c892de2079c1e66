"""When a listing hits: from its first day to its last, and until it is removed, superseded or taken back."""

from datetime import datetime

import pytest

from node.core.log.record import record_id
from node.stubs.screening.v1 import screening_pb2
from node.stubs.standard.v1 import party_pb2
from tests.kit.stores.city import City
from tests.kit.stores.listings import (
    DAY_MS,
    LICENCE,
    PLATFORM,
    USCC,
    hits,
    listing,
    publish,
    screened,
)

PARTY = party_pb2.Party(uscc=USCC, name="某某食品有限公司", licence_number=LICENCE)


@pytest.mark.parametrize("name", ["listing.serious", "listing.platform"])
def test_the_last_day_of_a_term_counts_and_no_day_after(cities: tuple[City, City], name: str) -> None:
    own, _ = cities
    publish(own, name, listing(name, party=PARTY, until="2026-09-22"))
    assert hits(own, uscc=USCC)
    own.clock.at_ms += DAY_MS
    assert hits(own, uscc=USCC)
    own.clock.at_ms += DAY_MS
    assert not hits(own, uscc=USCC)


@pytest.mark.parametrize(
    ("decided_on", "until", "last"),
    [
        ("2024-01-15", "", "2027-01-15"),
        ("2024-01-15", "2099-01-01", "2027-01-15"),
        ("2024-01-15", "2026-12-01", "2026-12-01"),
    ],
)
def test_a_serious_listing_ends_by_law_where_it_says_no_day_or_a_later_one(
    cities: tuple[City, City], decided_on: str, until: str, last: str
) -> None:
    """Also what a peer published whose own node let it."""
    own, peer = cities
    publish(own, "listing.serious", listing("listing.serious", decided_on=decided_on, until=until, published_on=""))
    for desk in cities:
        desk.clock.at_ms = _noon(last)
    peer.pull(own)
    for city in cities:
        (hit,) = hits(city, uscc=USCC)
        assert hit.until == last
        city.clock.at_ms += DAY_MS
        assert hits(city, uscc=USCC) == []


def test_a_listing_older_than_the_rule_does_not_stay_for_ever(cities: tuple[City, City]) -> None:
    own, _ = cities
    publish(own, "listing.serious", listing("listing.serious", decided_on="2019-05-01", until="", published_on=""))
    assert hits(own, uscc=USCC) == []


def test_nobody_is_on_a_platforms_list_without_a_term(cities: tuple[City, City]) -> None:
    own, peer = cities
    publish(own, "listing.platform", listing("listing.platform", party=PARTY, until=""))
    peer.pull(own)
    assert [hits(city, uscc=USCC) for city in cities] == [[], []]


@pytest.mark.parametrize("until", ["zzz", "9999", "20270506x"])
def test_nobody_is_on_a_platforms_list_until_a_day_that_is_none(cities: tuple[City, City], until: str) -> None:
    own, peer = cities
    publish(own, "listing.platform", listing("listing.platform", party=PARTY, until=until))
    peer.pull(own)
    assert hits(peer, uscc=USCC) == []


def test_an_abnormal_listing_ends_by_removal_alone(cities: tuple[City, City]) -> None:
    own, _ = cities
    publish(own, "listing.abnormal", listing("listing.abnormal", decided_on="2019-05-01"))
    (hit,) = hits(own, uscc=USCC)
    assert hit.until == ""


def _noon(day: str) -> int:
    return int(datetime.fromisoformat(f"{day}T12:00+08:00").timestamp() * 1000)


def test_removed_superseded_and_retracted_listings_do_not_hit(cities: tuple[City, City]) -> None:
    own, peer = cities
    publish(own, "listing.abnormal", listing("listing.abnormal", party=PARTY, removed_on="2026-09-01"))
    assert not hits(own, uscc=USCC)
    first = publish(own, "listing.serious", listing("listing.serious", party=PARTY), "row")
    second = publish(own, "listing.serious", listing("listing.serious", party=PARTY, facts="更正。"), "row")
    peer.pull(own)
    for city in cities:
        assert [hit.record_id for hit in hits(city, uscc=USCC)] == [second]
    assert first != second
    own.retract(second)
    peer.pull(own)
    for city in cities:
        assert screened(city, uscc=USCC).result == screening_pb2.RESULT_NO_HIT


def test_what_had_ended_and_is_published_again_is_reported_and_no_hit(cities: tuple[City, City]) -> None:
    own, peer = cities
    record = publish(own, "listing.serious", listing("listing.serious", party=PARTY))
    peer.pull(own)
    own.retract(record)
    peer.pull(own)
    again = publish(own, "listing.serious", listing("listing.serious", party=PARTY, facts="换个说法。"))
    peer.pull(own)
    for city in cities:
        found = screened(city, uscc=USCC)
        assert (found.result, list(found.republished)) == (screening_pb2.RESULT_NO_HIT, [again])
        assert not screened(city, PLATFORM, uscc=USCC).republished
    new = publish(
        own, "listing.serious", listing("listing.serious", party=PARTY, decision_number="长市监严违〔2026〕2号")
    )
    peer.pull(own)
    assert [hit.record_id for hit in hits(peer, uscc=USCC)] == [new]


def test_a_city_cannot_end_what_another_lists(cities: tuple[City, City]) -> None:
    own, peer = cities
    record = publish(own, "listing.serious", listing("listing.serious", party=PARTY))
    forged = publish(peer, "listing.serious", listing("listing.serious", party=PARTY))
    peer.pull(own)
    peer.retract(forged)
    assert [hit.record_id for hit in hits(peer, uscc=USCC)] == [record]


def test_a_correction_that_some_may_not_see_is_no_end(cities: tuple[City, City]) -> None:
    own, peer = cities
    publish(own, "listing.serious", listing("listing.serious", party=PARTY), "row")
    peer.pull(own)
    corrected = publish(own, "listing.serious", listing("listing.serious", party=PARTY, facts="更正。"), "row")
    own.retract(record_id("changsha", 0))
    peer.pull(own)
    for city in cities:
        assert [hit.record_id for hit in hits(city, uscc=USCC)] == [corrected]
