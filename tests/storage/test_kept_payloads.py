"""What peers sent in incidents does not outlive the records in it; what is proven stays provable while catching up."""

from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from node.core.log.checkpoint import parse_checkpoint
from node.core.log.record import FORMAT, parse_record_id
from node.errors import NodeError, Reason, TransientError
from node.storage.sqlite.log import OWN, Entry
from node.stubs.exchange.v1.exchange_pb2 import IndexedRun, PullResponse, ReviseResponse
from node.stubs.record.v1.record_pb2 import Header
from node.usecases.casework.lists.lifecycle import ListingLifecycle
from node.usecases.records.prove import prove
from node.usecases.upkeep.checks.logs import log_findings
from tests.kit.stores.city import PURPOSE, City, only, open_cities, operator
from tests.kit.stores.listings import DAY_MS, entry, listing, repository

SECRET = "只有这一份材料才写着的名称"


@pytest.fixture
def cities(tmp_path: Path) -> Iterator[tuple[City, ...]]:
    with open_cities(tmp_path, "changsha", "wuhan") as opened:
        yield opened


Send = Callable[[int, bytes], bytes]
"""(leaf index, run) -> what is sent."""


def in_a_batch(index: int, run: bytes) -> bytes:
    return PullResponse(from_index=index, runs=[run], checkpoint=b"a lie", format=FORMAT).SerializeToString()


def in_a_revision(index: int, run: bytes) -> bytes:
    return ReviseResponse(to_index=index + 1, runs=[IndexedRun(first=index, run=run)]).SerializeToString()


def after_what_is_no_run(index: int, run: bytes) -> bytes:
    return PullResponse(from_index=max(index - 1, 0), runs=[b"\xff\xff", run]).SerializeToString()


def elsewhere(_: int, run: bytes) -> bytes:
    return in_a_batch(4_711, run)


def cut_short(index: int, run: bytes) -> bytes:
    return in_a_batch(index, run)[:-3]


def unknown(index: int, run: bytes) -> bytes:
    return b"batch " + in_a_batch(index, run)


def keep_evidence(own: City, peer: City, record: str, send: Send = in_a_batch) -> int:
    """An incident whose evidence is a batch with a record of the peer in it; the peer was released since."""
    index = parse_record_id(record)[1]
    stored = peer.store.record(OWN, index)
    assert stored is not None
    payload = send(index, stored.run().SerializeToString())
    own.store.peers.add_incident(peer.city, Reason.BAD_COMMITMENT, "a lie", payload).result()
    return own.store.peers.incidents()[0].number


def bytes_left(folder: Path) -> bool:
    return any(SECRET.encode() in path.read_bytes() for path in folder.glob("changsha.db*"))


def test_evidence_goes_with_the_record_in_it_that_is_taken_back(cities: tuple[City, City], tmp_path: Path) -> None:
    own, peer = cities
    records = [peer.register(operator(name=SECRET)), peer.register(operator("91430000184255293D"))]
    own.pull(peer)
    numbers = [keep_evidence(own, peer, record) for record in records]
    kept = own.store.peers.payload(numbers[0])
    peer.retract(records[0])
    own.pull(peer)
    with pytest.raises(NodeError, match=sha256(kept).hexdigest()) as caught:
        own.store.peers.payload(numbers[0])
    assert caught.value.reason is Reason.NOT_FOUND
    assert own.store.peers.payload(numbers[1])
    assert not bytes_left(tmp_path)
    assert [each.payload_bytes for each in own.store.peers.incidents()][1] == 0


@pytest.mark.parametrize("send", [in_a_revision, after_what_is_no_run, elsewhere, cut_short, unknown])
def test_evidence_goes_in_whatever_form_it_was_sent(cities: tuple[City, City], tmp_path: Path, send: Send) -> None:
    own, peer = cities
    record = peer.register(operator(name=SECRET))
    own.pull(peer)
    number = keep_evidence(own, peer, record, send)
    peer.retract(record)
    own.pull(peer)
    with pytest.raises(NodeError):
        own.store.peers.payload(number)
    assert not bytes_left(tmp_path)


def test_evidence_goes_with_a_record_that_was_never_stored_here(cities: tuple[City, City], tmp_path: Path) -> None:
    own, peer = cities
    record = peer.register(operator(name=SECRET))
    number = keep_evidence(own, peer, record)
    peer.retract(record)
    own.pull(peer)
    with pytest.raises(NodeError):
        own.store.peers.payload(number)
    assert not bytes_left(tmp_path)


def test_evidence_goes_with_what_a_policy_narrows(cities: tuple[City, City], tmp_path: Path) -> None:
    own, peer = cities
    number = keep_evidence(own, peer, peer.register(operator(name=SECRET)))
    own.pull(peer)
    assert bytes_left(tmp_path)
    own.pull(peer, only(2), grant="narrow")
    own.revise(peer, only(2), "narrow")
    with pytest.raises(NodeError):
        own.store.peers.payload(number)
    assert not bytes_left(tmp_path)


def test_evidence_is_kept_for_half_a_year(cities: tuple[City, City]) -> None:
    own, peer = cities
    number = keep_evidence(own, peer, peer.register(operator()))
    terms = ListingLifecycle(own.store, own.clock, repository(own))
    for days, is_kept in ((0, True), (179, True), (182, False)):
        own.clock.at_ms += days * DAY_MS - (179 * DAY_MS if days == 182 else 0)
        terms.run()
        if is_kept:
            assert own.store.peers.payload(number)
    with pytest.raises(NodeError):
        own.store.peers.payload(number)


def test_what_was_caught_up_with_stays_provable_while_there_is_more_to_pull(cities: tuple[City, City]) -> None:
    own, peer = cities
    first = peer.register(operator())
    own.pull(peer)
    later = [peer.register(operator("", legacy_number=f"{number:015d}")) for number in range(300)]
    own.pull(peer, batches=1)
    origin = own.store.origin("wuhan")
    assert origin.size < (origin.known.size if origin.known else 0)
    proof = prove(own.store, first, PURPOSE)
    assert parse_checkpoint(proof.checkpoint).size == 1
    with pytest.raises(TransientError):
        prove(own.store, later[0], PURPOSE)
    own.pull(peer)
    assert prove(own.store, later[0], PURPOSE).checkpoint == own.store.origin("wuhan").checkpoint


def test_a_listing_that_a_peer_publishes_again_is_an_alert_until_it_is_taken_back(cities: tuple[City, City]) -> None:
    own, peer = cities
    name = "listing.serious"
    (record,) = peer.append([entry(peer, name, listing(name))])
    own.pull(peer)
    assert not list(log_findings(own.store, is_restored=False))
    retract(peer, record, name)
    (again,) = peer.append([entry(peer, name, listing(name))])
    own.pull(peer)
    (alert,) = log_findings(own.store, is_restored=False)
    assert (alert.code, alert.city, again in alert.text("en")) == ("listing_republished", "wuhan", True)
    retract(peer, again, name)
    own.pull(peer)
    assert not list(log_findings(own.store, is_restored=False))


def retract(city: City, record: str, name: str) -> None:
    header = Header(standard=name, version=1, city=city.city, retracts=record, audience=["all"])
    city.append([Entry.of(header, ())])


def test_evidence_stays_when_a_policy_widens(cities: tuple[City, City]) -> None:
    own, peer = cities
    number = keep_evidence(own, peer, peer.register(operator()))
    own.pull(peer, only(2), grant="narrow")
    own.pull(peer, only(1, 2), grant="wide")
    own.revise(peer, only(1, 2), "wide")
    assert own.store.peers.payload(number)
