"""Whoever left a list is not put on it again by the same decision, however the row comes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from google.protobuf.message import Message

from node.core.policy.policy import parse_policy
from node.core.standards.standard import standards
from node.stubs.intake.v1 import intake_pb2
from node.usecases.casework.lists.lifecycle import ListingLifecycle
from node.usecases.records.ingest import Ingest
from node.usecases.records.retract import Retractions
from tests.kit.samples.standards import penalty
from tests.kit.stores.city import City, operator
from tests.kit.stores.listings import DAY_MS, NAMES, USCC, hits, listing, repository

_POLICY = parse_policy("city: changsha\nrules: []\n", "policy.yaml", standards())


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    made = City(tmp_path, "changsha")
    yield made
    made.close()


def submit(city: City, name: str, body: Message, key: str = "row", as_of_ms: int = 0) -> intake_pb2.Outcome:
    ingest = Ingest(city.store, city.clock, Retractions(lambda: _POLICY, list, city.clock))
    request = intake_pb2.SubmitRequest(
        standard=name, version=1, source="s", purpose="verification", legal_basis="b", audience=["all"],
        rows=[intake_pb2.Row(key=key, body=body.SerializeToString())], as_of_ms=as_of_ms,
    )  # fmt: skip
    return ingest.finish(ingest.begin(request)).outcomes[0]


def refusals(outcome: intake_pb2.Outcome) -> list[str]:
    assert bool(outcome.findings) == (outcome.status == intake_pb2.STATUS_REJECTED)
    return [finding.reason for finding in outcome.findings]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("key", ["row", "another"])
def test_a_listing_taken_back_is_refused_also_as_another_row(city: City, name: str, key: str) -> None:
    record = submit(city, name, listing(name)).id
    city.retract(record)
    assert refusals(submit(city, name, listing(name, facts="换个说法。"), key)) == ["listing_republished"]


@pytest.mark.parametrize("name", NAMES)
def test_a_corrected_row_does_not_bring_back_what_is_over(city: City, name: str) -> None:
    over = {"removed_on": "2026-09-22"} if name == "listing.abnormal" else {"until": "2026-09-22"}
    longer = {"removed_on": ""} if name == "listing.abnormal" else {"until": "2027-09-22"}
    assert not refusals(submit(city, name, listing(name, **over)))
    assert not refusals(submit(city, name, listing(name, facts="更正。", **over)))
    city.clock.at_ms += 2 * DAY_MS
    assert refusals(submit(city, name, listing(name, **longer))) == ["listing_republished"]
    ListingLifecycle(city.store, city.clock, repository(city)).run()
    assert refusals(submit(city, name, listing(name, **longer))) == ["listing_republished"]


def test_what_is_over_already_is_not_taken_in(city: City) -> None:
    body = listing("listing.serious", until="2026-09-20")
    assert refusals(submit(city, "listing.serious", body)) == ["listing_term_over"]


def test_no_row_states_a_longer_term_than_the_law_gives(city: City) -> None:
    longest, longer = (listing("listing.serious", until=until) for until in ("2029-06-01", "2029-06-02"))
    assert refusals(submit(city, "listing.serious", longer)) == ["listing_term_too_long"]
    assert not refusals(submit(city, "listing.serious", longest))


def test_a_new_decision_lists_anew_and_may_name_the_old_one_only_where_that_had_ended(city: City) -> None:
    number = "长市监严违〔2026〕1号"
    anew = listing("listing.serious", decision_number="长市监严违〔2027〕9号", earlier_decision_number=number)
    record = submit(city, "listing.serious", listing("listing.serious")).id
    assert refusals(submit(city, "listing.serious", anew, "new")) == ["earlier_decision_unknown"]
    city.retract(record)
    assert not refusals(submit(city, "listing.serious", anew, "new"))
    assert [hit.decision_number for hit in hits(city, uscc=USCC)] == ["长市监严违〔2027〕9号"]
    same = listing("listing.serious", earlier_decision_number=number)
    assert "same_decision" in refusals(submit(city, "listing.serious", same))


def test_other_standards_go_in_as_ever(city: City) -> None:
    assert not refusals(submit(city, "penalty", penalty()))
    assert not refusals(submit(city, "operator.registration", operator(USCC)))


@pytest.mark.parametrize("day", ["9999-12-30", "0001-01-01"])
def test_a_row_of_a_day_at_the_end_of_the_calendar_is_answered_like_others(city: City, day: str) -> None:
    """What no computer can count from must not take the other rows of its batch along."""
    outcome = submit(city, "listing.serious", listing("listing.serious", decided_on=day, until="9999-12-31"))
    assert outcome.status in (intake_pb2.STATUS_ACCEPTED, intake_pb2.STATUS_REJECTED)
