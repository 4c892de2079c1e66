"""What every store keeps of peers: failures and freeze, clocks, and what they sent that cannot be true."""

from hashlib import sha256

import pytest

from node.errors import NodeError, Reason
from node.storage.sqlite.peer_state import MAX_INCIDENTS_PER_CITY, PeerState, is_forked
from tests.kit.clock import NOW_MS
from tests.kit.stores.city import City

PEER = "wuhan"
BACKING_OFF = PeerState(PEER, 3, NOW_MS + 5, last_reason="unavailable", last_error="no answer")


def _accuse(city: City, payload: bytes, peer: str = PEER) -> None:
    city.store.peers.add_incident(peer, Reason.BAD_COMMITMENT, "a lie", payload).result(20)


def _fork(city: City, payload: bytes, peer: str = PEER) -> bool:
    return city.store.peers.add_fork(peer, "two histories", payload).result(20)


def _payloads(city: City) -> list[bytes]:
    return [city.store.peers.payload(each.number) for each in city.store.peers.incidents(1000)]


def test_a_state_stands_until_the_next(city: City) -> None:
    assert city.store.peers.state(PEER) == PeerState(PEER)
    city.store.peers.set_state(BACKING_OFF).result(20)
    city.reopen()
    assert city.store.peers.state(PEER) == BACKING_OFF
    assert city.store.peers.state("hefei") == PeerState("hefei")
    city.store.peers.set_state(PeerState(PEER)).result(20)
    assert city.store.peers.state(PEER) == PeerState(PEER)


def test_an_incident_freezes_until_it_is_released(city: City) -> None:
    city.store.peers.set_state(BACKING_OFF).result(20)
    _accuse(city, b"batch")
    city.reopen()
    assert city.store.peers.state(PEER) == PeerState(PEER, 4, 0, True, Reason.BAD_COMMITMENT, "a lie")
    [incident] = city.store.peers.incidents()
    assert (incident.city, incident.reason, incident.message) == (PEER, Reason.BAD_COMMITMENT, "a lie")
    assert (incident.at_ms, incident.payload_bytes) == (NOW_MS, 5)
    assert city.store.peers.payload(incident.number) == b"batch"
    city.store.peers.set_state(PeerState(PEER)).result(20)
    assert not city.store.peers.state(PEER).frozen
    assert _payloads(city) == [b"batch"], "what was sent stays"


def test_a_fork_freezes_for_good_and_is_kept_once(city: City) -> None:
    assert _fork(city, b"proof")
    assert not _fork(city, b"another proof")
    city.store.peers.set_state(PeerState(PEER)).result(20)
    city.reopen()
    assert is_forked(city.store.peers.state(PEER))
    assert city.store.peers.forks() == _payloads(city) == [b"proof"]


def test_a_fork_weighs_more_than_the_incident_before(city: City) -> None:
    _accuse(city, b"batch")
    assert city.store.peers.forks() == []
    assert _fork(city, b"proof")
    assert _fork(city, b"of hefei", "hefei")
    assert sorted(city.store.peers.forks()) == [b"of hefei", b"proof"]
    assert _payloads(city) == [b"of hefei", b"proof", b"batch"], "newest first"
    assert [each.city for each in city.store.peers.incidents(2)] == ["hefei", PEER]


def test_of_each_city_the_newest_incidents_are_kept_and_every_fork(city: City) -> None:
    assert _fork(city, b"proof")
    _accuse(city, b"of hefei", "hefei")
    for number in range(MAX_INCIDENTS_PER_CITY + 3):
        _accuse(city, str(number).encode())
    last = [str(number).encode() for number in range(3, MAX_INCIDENTS_PER_CITY + 3)]
    assert _payloads(city) == [*reversed(last), b"of hefei", b"proof"]


def test_old_payloads_are_destroyed_but_for_their_digest_and_those_of_forks(city: City) -> None:
    _accuse(city, b"old")
    assert _fork(city, b"proof", "hefei")
    city.clock.at_ms += 10
    _accuse(city, b"new")
    city.store.destroy_old_payloads(NOW_MS + 10).result(20)
    new, fork, old = city.store.peers.incidents()
    assert [each.payload_bytes for each in (new, fork, old)] == [3, 5, 0]
    with pytest.raises(NodeError, match=sha256(b"old").hexdigest()) as gone:
        city.store.peers.payload(old.number)
    assert gone.value.reason is Reason.NOT_FOUND
    assert city.store.peers.forks() == [b"proof"]


def test_there_is_no_payload_of_no_incident(city: City) -> None:
    with pytest.raises(NodeError, match="no incident 7") as caught:
        city.store.peers.payload(7)
    assert caught.value.reason is Reason.NOT_FOUND


def test_the_last_word_on_a_clock_counts(city: City) -> None:
    for peer, ahead_ms in ((PEER, 9), ("hefei", -5), (PEER, 2**42)):
        city.store.peers.set_clock(peer, ahead_ms).result(20)
    city.reopen()
    assert city.store.peers.clocks() == {PEER: 2**42, "hefei": -5}
