"""Who accuses a city of a fork without proof is not believed."""

import json
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.core.log.checkpoint import LogKey, log_name, parse_checkpoint
from node.core.log.fork import MAX_FORK_BYTES, make_fork, parse_fork, verify_fork
from node.core.log.merkle import consistency_proof
from node.errors import NodeError, Reason
from node.stubs.exchange.v1.exchange_pb2 import CompareRequest
from tests.kit.effort import effort
from tests.kit.keys import KeySigner
from tests.kit.simulator.forks import HONEST, accuse, evidence, tell
from tests.kit.simulator.origin import Origin
from tests.kit.simulator.telling import Tree, note
from tests.kit.simulator.towns import SIX, Country, TownPeer


def forged(country: Country) -> dict[str, bytes]:
    """Accusations of honest Wuhan that prove nothing, each with what an accuser may have."""
    wuhan = country["wuhan"]
    signer, stranger = wuhan.origin.signer, KeySigner()
    country["wuhan"].grow(0, 60)
    tree = wuhan.store.tree(0, 60)
    small = note("wuhan", 40, wuhan.store.tree(0, 40).frontier.root(), signer)
    large = wuhan.store.origin("wuhan").checkpoint or b""
    root40, lie = wuhan.store.tree(0, 40).frontier.root(), bytes(32)
    proof = consistency_proof(tree.node, 40, 60)
    made_up = note("wuhan", 40, lie, stranger)
    under_its_id = note("wuhan", 40, lie, stranger, signer.public_key)
    hefei = country["hefei"].origin
    return {
        "both are true": make_fork("wuhan", small, large, root40, proof),
        "the same twice": make_fork("wuhan", large, large, parse_checkpoint(large).root),
        "signed by a stranger": make_fork("wuhan", made_up, large, root40, proof),
        "signed by a stranger under its key id": make_fork("wuhan", under_its_id, large, root40, proof),
        "a prefix that is not proven": make_fork("wuhan", small, large, lie, proof),
        "no proof": make_fork("wuhan", small, large, lie),
        "the larger first": make_fork("wuhan", large, small, lie, proof),
        "checkpoints of the accuser": make_fork("wuhan", note("hefei", 3, lie, hefei.signer), large, root40, proof),
        "a stranger to the federation": make_fork("guiyang", small, large, root40, proof),
        "not evidence": b"{}",
        "noise": bytes(range(256)),
        "without end": b" " * (MAX_FORK_BYTES + 1),
    }


def test_a_false_accusation_freezes_nobody(country: Country) -> None:
    for name, raw in forged(country).items():
        for town in (country["changsha"], country["wuhan"]):
            assert accuse(town, raw) in (Reason.FALSE_ACCUSATION, Reason.INVALID_ARGUMENT), name
    country.round()
    assert not any(country.frozen(city) for city in SIX)
    assert not any(town.status().incidents for town in country.towns.values())


def test_a_lying_accuser_among_the_answers_is_refused_and_the_pull_stands(country: Country) -> None:
    false = forged(country)["a prefix that is not proven"]

    class Accuser(TownPeer):
        def compare(self, told: bytes) -> bytes:
            answer = self.town.answer("changsha", told)
            answer.forks.append(false)
            return answer.SerializeToString()

    country["hefei"].grow(0, 5)
    country.peers["changsha", "hefei"] = Accuser(country["hefei"], "changsha")
    country["changsha"].pull("hefei")
    assert country["changsha"].store.origin("hefei").size == 5
    assert not country.frozen("wuhan") | country.frozen("hefei")


def test_garbage_for_an_answer_leaves_the_pull_as_good_as_it_was(country: Country) -> None:
    class Noisy(TownPeer):
        def compare(self, _: bytes) -> bytes:
            return b"\xff" * 100

    country["hefei"].grow(0, 5)
    country.peers["changsha", "hefei"] = Noisy(country["hefei"], "changsha")
    country["changsha"].pull("hefei")
    assert country["changsha"].store.origin("hefei").size == 5
    assert not country.frozen("hefei")


def test_what_an_accuser_can_make_a_node_keep_is_bounded(country: Country, other: Origin) -> None:
    """Even one in league with the origin, which signs whatever it likes."""
    changsha, signer = country["changsha"], country["wuhan"].origin.signer
    for size in range(1, 200):
        changsha.compare.answer("hefei", CompareRequest(checkpoints=[note("wuhan", size, bytes(31) + b"x", signer)]))
    assert len(changsha.store.checkpoints.heard("wuhan")) == 1
    tell(country, 50, other, 80, "hefei")
    country.round(*HONEST)
    country.round(*HONEST)
    raw = evidence(changsha)
    for count in (40, 60, 70):
        tree = Tree([bytes([number]) * 32 for number in range(count)])
        country["taiyuan"].compare.answer(
            "hefei", CompareRequest(checkpoints=[note("wuhan", count, tree.root, signer)])
        )
    assert evidence(changsha) == raw
    assert len(country["taiyuan"].store.peers.incidents()) == 1


def test_any_altered_byte_of_the_evidence_proves_nothing(country: Country, other: Origin) -> None:
    tell(country, 50, other, 80, "hefei")
    country.round(*HONEST)
    raw, keys = evidence(country["changsha"]), country.federation.member("wuhan").log_keys
    whole = verify_fork(parse_fork(raw), keys)
    for place in range(0, len(raw), 7):
        found = _proven(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :], keys)
        # What still proves has other white space, or bits at an end of base64 that say nothing.
        assert found in (None, (whole.smaller[:3], whole.larger[:3]))


def _proven(raw: bytes, keys: Iterable[LogKey]) -> object:
    """What evidence proves; None where it proves nothing."""
    try:
        found = verify_fork(parse_fork(raw), keys)
    except NodeError:
        return None
    return found.smaller[:3], found.larger[:3]


def test_evidence_is_of_no_use_with_other_keys(country: Country, other: Origin) -> None:
    tell(country, 50, other, 80, "hefei")
    country.round(*HONEST)
    fork = parse_fork(evidence(country["changsha"]))
    for keys in ((), (LogKey(log_name("wuhan"), KeySigner().public_key),)):
        with pytest.raises(NodeError, match="false_accusation"):
            verify_fork(fork, keys)


HALF = "\ud800"  # of a pair
LONE = {"city": HALF, "smaller": HALF + "\n\n", "larger": HALF, "prefix_root": "A" * 43 + "=", "consistency": []}
SAID = st.one_of(st.binary(max_size=300), st.just(json.dumps(LONE).encode()))


@given(SAID)
@effort(60)
def test_whatever_is_said_is_refused_with_a_reason(country: Country, raw: bytes) -> None:
    for told in (CompareRequest(forks=[raw]), CompareRequest(checkpoints=[raw])):
        with pytest.raises(NodeError):
            country["changsha"].compare.answer("hefei", told)
