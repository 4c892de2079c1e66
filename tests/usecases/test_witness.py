"""Cosigning: one signature a round, never of two trees that cannot both be, and proofs that k cities vouch for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from node.core.log.checkpoint import log_name, parse_checkpoint
from node.core.log.cosignature import WitnessKey, cosign, open_cosigned, witness_name
from node.core.log.proof import format_proof, parse_proof, verify_proof
from node.errors import NodeError, Reason
from node.storage.sqlite.witness import KEPT_BEST, Kept
from node.stubs.exchange.v1.exchange_pb2 import CompareRequest
from node.usecases.records.prove import prove
from tests.kit.keys import KeySigner
from tests.kit.simulator.towns import Country, Town
from tests.kit.simulator.witnessing import THREE, count_signatures
from tests.kit.stores.city import PURPOSE


@pytest.fixture
def country(tmp_path: Path) -> Iterator[Country]:
    made = Country(tmp_path, THREE)
    made["wuhan"].grow(0, 300)
    yield made
    made.close()


def best(town: Town, city: str) -> Kept:
    return max(town.store.checkpoints.cosigned(city), key=lambda each: (each.witnesses, each.size))


def test_a_pull_cosigns_and_hands_it_to_the_origin(country: Country) -> None:
    country["changsha"].pull("wuhan")
    kept = best(country["wuhan"], "wuhan")
    assert (kept.size, kept.witnesses) == (300, 1)
    opened = open_cosigned(
        kept.note,
        log_name("wuhan"),
        country["wuhan"].member.log_keys,
        country["changsha"].member.witness_keys,
    )
    assert [each.key.name for each in opened.cosignatures] == [witness_name("changsha")]
    assert opened.cosignatures[0].at_s == country["changsha"].origin.clock.at_ms // 1000


def test_one_signature_a_round_and_none_where_nothing_is_new(country: Country) -> None:
    signed = count_signatures(country["changsha"])
    for round_number, records in enumerate((5000, 1, 0, 0, 2), 1):
        if records:
            country["wuhan"].grow(10_000 * round_number, records)
        country["changsha"].pull("wuhan")
    assert len(signed) == 3


@pytest.mark.parametrize(("at_ms", "at_s"), [(-(10**15), 0), (0, 0), (10**15, 10**12)])
def test_a_clock_that_is_off_harms_nothing(country: Country, at_ms: int, at_s: int) -> None:
    country["changsha"].origin.clock.at_ms = at_ms
    country["changsha"].sync.run_now("wuhan", lambda _: None)
    [kept] = country["wuhan"].store.checkpoints.cosigned("wuhan")
    keys = country["changsha"].member.witness_keys
    opened = open_cosigned(kept.note, log_name("wuhan"), country["wuhan"].member.log_keys, keys)
    assert opened.cosignatures[0].at_s == at_s


@pytest.mark.parametrize("off_ms", [-3_600_000, 0, 3_600_000])
def test_how_far_a_peers_clock_is_off_is_kept(country: Country, off_ms: int) -> None:
    country["wuhan"].origin.clock.at_ms = country["changsha"].origin.clock.at_ms + off_ms
    country["changsha"].sync.run_now("wuhan", lambda _: None)
    store = country["changsha"].store
    store.submit(lambda _: None).result()  # the note is written behind the round
    assert store.peers.clocks() == {"wuhan": off_ms}


def test_a_lie_about_a_clock_is_bounded(country: Country) -> None:
    country["wuhan"].origin.clock.at_ms = 2**62
    country["changsha"].sync.run_now("wuhan", lambda _: None)
    store = country["changsha"].store
    store.submit(lambda _: None).result()
    assert store.peers.clocks()["wuhan"] < 2**43


def test_everyone_learns_of_every_cosignature(country: Country) -> None:
    for _ in range(2):
        country.round()
    for town in country.towns.values():
        assert best(town, "wuhan").witnesses == 2


def test_a_record_is_proven_with_its_witnesses(country: Country) -> None:
    for _ in range(2):
        country.round()
    keys = [key for member in country.members() if member.city != "wuhan" for key in member.witness_keys]
    for town in country.towns.values():
        proof = parse_proof(format_proof(prove(town.store, "wuhan-17", PURPOSE)))
        proven = verify_proof(proof, country["wuhan"].member.log_keys, keys, 2)
        assert len(proven.cosignatures) == 2
        with pytest.raises(NodeError) as few:
            verify_proof(proof, country["wuhan"].member.log_keys, keys, 3)
        assert few.value.reason is Reason.TOO_FEW_WITNESSES
        assert not verify_proof(proof, country["wuhan"].member.log_keys).cosignatures


def test_a_proof_names_the_checkpoint_that_most_vouch_for_and_the_newest_for_newer_records(country: Country) -> None:
    for _ in range(2):
        country.round()
    country["wuhan"].grow(2000, 1)
    country["changsha"].pull("wuhan")
    for record, size in (("wuhan-299", 300), ("wuhan-300", 301)):
        proof = prove(country["changsha"].store, record, PURPOSE)
        assert parse_checkpoint(proof.checkpoint).size == size


def test_of_a_log_that_never_rests_each_witness_vouches_for_another_state(country: Country) -> None:
    keys = [key for member in country.members() if member.city != "wuhan" for key in member.witness_keys]
    log_keys = country["wuhan"].member.log_keys
    for number in range(12):
        for city in ("changsha", "hefei"):
            country["wuhan"].grow(20_000 + 2 * number + (city == "hefei"))
            country[city].pull("wuhan")
    country["wuhan"].grow(30_000)
    country["changsha"].pull("wuhan")
    assert best(country["wuhan"], "wuhan").witnesses == 1
    for city in ("changsha", "wuhan"):
        proof = parse_proof(format_proof(prove(country[city].store, "wuhan-17", PURPOSE)))
        proven = verify_proof(proof, log_keys, keys, 2)
        assert [each.key.name for each in proven.cosignatures] == [witness_name(city) for city in ("changsha", "hefei")]
        with pytest.raises(NodeError, match="too_few_witnesses"):
            verify_proof(proof, log_keys, keys, 3)
        assert len(proof.also) == 1
        spoilt = parse_proof(format_proof(proof))
        spoilt.also[0].inclusion[0] = bytes(32)
        with pytest.raises(NodeError, match="bad_inclusion"):
            verify_proof(spoilt, log_keys, keys, 2)
        with pytest.raises(NodeError, match="invalid_argument"):
            parse_proof(format_proof(proof).replace('"also": [', '"also": [],\n "more": ['))


def test_an_own_cosignature_counts_for_nothing(country: Country) -> None:
    wuhan = country["wuhan"]
    note = wuhan.store.origin("wuhan").checkpoint or b""
    key = WitnessKey(witness_name("wuhan"), wuhan.key.public_key)
    own = note + cosign(parse_checkpoint(note), key, 1, wuhan.key.sign).line
    country["changsha"].pull("wuhan")
    country["changsha"].compare.answer("wuhan", CompareRequest(checkpoints=[own]))
    assert best(country["changsha"], "wuhan").witnesses == 1


def test_what_is_kept_is_bounded_and_the_best_stays(country: Country) -> None:
    for _ in range(2):
        country.round()
    for number in range(30):
        country["wuhan"].grow(3000 + number)
        country["changsha"].pull("wuhan")
    for town in (country["changsha"], country["wuhan"]):
        kept = town.store.checkpoints.cosigned("wuhan")
        assert len(kept) <= len(THREE) + KEPT_BEST
        assert (best(town, "wuhan").size, best(town, "wuhan").witnesses) == (300, 2)
        lines = town.store.connection.execute("SELECT count(*) FROM cosignature WHERE city = 'wuhan'").fetchone()[0]
        assert lines == sum(each.witnesses for each in kept)


def test_without_a_witness_key_nothing_is_signed_and_all_else_goes_on(country: Country) -> None:
    country["changsha"].may_cosign = False
    country["changsha"].open()
    country["changsha"].pull("wuhan")
    assert country["changsha"].store.origin("wuhan").size == 300
    assert not country["wuhan"].store.checkpoints.cosigned("wuhan")


def hand(town: Town, *notes: bytes, teller: str = "hefei") -> Reason | None:
    """What a town says to checkpoints handed to it."""
    try:
        town.compare.answer(teller, CompareRequest(checkpoints=notes))
    except NodeError as error:
        return error.reason
    return None


def test_garbage_foreign_replayed_and_late_cosignatures(country: Country) -> None:
    wuhan, changsha = country["wuhan"], country["changsha"]
    old = wuhan.store.origin("wuhan").checkpoint or b""
    key = changsha.member.witness_keys[0]
    late = cosign(parse_checkpoint(old), key, 7, changsha.key.sign).line
    wuhan.grow(4000)
    new = wuhan.store.origin("wuhan").checkpoint or b""
    stranger = KeySigner()
    foreign = cosign(parse_checkpoint(new), WitnessKey("a/w", stranger.public_key), 7, stranger.sign).line
    stolen_name = cosign(parse_checkpoint(new), key, 7, stranger.sign).line
    assert hand(wuhan, b"\xff\x00", b"") is Reason.BAD_CHECKPOINT
    assert hand(wuhan, new + late) is Reason.BAD_SIGNATURE  # said of the old one
    assert hand(wuhan, new + stolen_name) is Reason.BAD_SIGNATURE
    assert hand(wuhan, new + foreign) is None
    assert not wuhan.store.checkpoints.cosigned("wuhan")
    assert hand(wuhan, old + late) is None  # late, and true
    assert (best(wuhan, "wuhan").size, best(wuhan, "wuhan").witnesses) == (300, 1)
    assert hand(wuhan, *[new] * 65) is Reason.TOO_LARGE
    assert not country.frozen("wuhan")


def test_what_is_not_so_keeps_nobody_from_hearing_the_rest(country: Country) -> None:
    wuhan, changsha = country["wuhan"], country["changsha"]
    note = wuhan.store.origin("wuhan").checkpoint or b""
    line = cosign(parse_checkpoint(note), changsha.member.witness_keys[0], 7, changsha.key.sign).line
    assert hand(wuhan, b"noise", note + line) is Reason.BAD_CHECKPOINT
    assert best(wuhan, "wuhan").witnesses == 1
