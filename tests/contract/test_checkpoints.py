"""What every store keeps of checkpoints: those that witnesses cosigned, its own word first, and those only heard of."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from node.core.log.checkpoint import format_checkpoint, log_name, verify_checkpoint
from node.core.log.cosignature import Cosignature, Cosigned, WitnessKey, cosign, open_cosigned, witness_name
from node.core.log.merkle import EMPTY_ROOT
from node.errors import NodeError, Reason
from node.storage.sqlite.witness import KEPT_BEST, Heard
from tests.kit.clock import NOW_MS
from tests.kit.keys import KeySigner
from tests.kit.stores.backends import Backend
from tests.kit.stores.city import City, operator

AT_S = NOW_MS // 1000
PEER = "wuhan"


class Peer(City):
    """A city that signs checkpoints, and four that cosign them."""

    def __init__(self, folder: Path, backend: Backend) -> None:
        super().__init__(folder, PEER, backend=backend)
        self._witnesses = {name: KeySigner() for name in ("changsha", "hefei", "taiyuan", "nanchang")}

    def note(self, size: int, root: bytes = bytes(32)) -> bytes:
        return format_checkpoint(self.key, size, root, self.signer.sign)

    def cosigned(self, note: bytes, *names: str, at_s: int = AT_S) -> Cosigned:
        checkpoint = verify_checkpoint(note, log_name(PEER), [self.key])
        return Cosigned(checkpoint).joined(self.line(checkpoint.note, name, at_s) for name in names)

    def line(self, note: bytes, name: str, at_s: int = AT_S) -> Cosignature:
        signer = self._witnesses[name]
        key = WitnessKey(witness_name(name), signer.public_key)
        return cosign(verify_checkpoint(note, log_name(PEER), [self.key]), key, at_s, signer.sign)

    def make(self, note: bytes) -> tuple[Cosigned, Cosignature]:
        return open_cosigned(note, log_name(PEER), [self.key], ()), self.line(note, "changsha")


@pytest.fixture
def peer(city: City, tmp_path: Path, backend: Backend) -> Iterator[Peer]:
    """Its log holds three records, which the city has verified."""
    made = Peer(tmp_path, backend)
    _grow(made, 0, 3)
    city.pull(made)
    yield made
    made.close()


def _grow(peer: Peer, first: int, count: int) -> None:
    peer.append([peer.entry(operator("", legacy_number=str(number))) for number in range(first, first + count)])


def _sizes(city: City) -> list[int]:
    return [kept.size for kept in city.store.checkpoints.cosigned(PEER)]


def _keep(city: City, *several: Cosigned) -> None:
    for each in several:
        city.store.checkpoints.put_cosigned(PEER, each).result(20)


def test_the_newest_checkpoint_is_cosigned_and_remembered(city: City, peer: Peer) -> None:
    checkpoints = city.store.checkpoints
    assert checkpoints.signed(PEER) == (0, EMPTY_ROOT)
    made = checkpoints.cosign_newest(PEER, peer.make).result(20)
    assert made is not None
    assert (made.checkpoint.size, list(made.witnesses)) == (3, [witness_name("changsha")])
    city.reopen()
    checkpoints = city.store.checkpoints
    assert checkpoints.signed(PEER) == (3, city.store.origin(PEER).root)
    assert checkpoints.cosigned(PEER) == [(3, 1, made.note)]
    assert checkpoints.progress(PEER) == {witness_name("changsha"): (3, AT_S)}


def test_what_is_cosigned_is_undone_with_its_transaction(city: City, peer: Peer) -> None:
    def fail(_: bytes) -> tuple[Cosigned, Cosignature]:
        raise NodeError(Reason.INVALID_KEY, "the signer fails")

    with pytest.raises(NodeError, match="the signer fails"):
        city.store.checkpoints.cosign_newest(PEER, fail).result(20)
    assert city.store.checkpoints.signed(PEER).size == 0
    assert city.store.checkpoints.cosign_newest(PEER, peer.make).result(20) is not None


def test_nothing_is_cosigned_of_a_log_that_is_unknown_empty_or_not_verified_whole(city: City, peer: Peer) -> None:
    checkpoints = city.store.checkpoints
    for name in ("nowhere", city.city):
        assert checkpoints.cosign_newest(name, peer.make).result(20) is None
    _grow(peer, 3, 300)
    city.pull(peer, batches=1)
    assert 3 < city.store.origin(PEER).size < 303
    assert checkpoints.cosign_newest(PEER, peer.make).result(20) is None


def test_nothing_is_cosigned_of_a_frozen_log_or_where_more_was_heard(city: City, peer: Peer) -> None:
    checkpoints = city.store.checkpoints
    heard = Heard("hefei", 4, peer.note(4))
    checkpoints.put_heard(PEER, heard).result(20)
    assert checkpoints.cosign_newest(PEER, peer.make).result(20) is None
    checkpoints.drop_heard(PEER, [heard]).result(20)
    city.store.peers.add_incident(PEER, Reason.BAD_COMMITMENT, "a lie", b"").result(20)
    assert checkpoints.cosign_newest(PEER, peer.make).result(20) is None
    assert checkpoints.signed(PEER).size == 0


def test_of_the_kept_the_best_and_the_newest_of_each_witness_stay(city: City, peer: Peer) -> None:
    three = ("changsha", "hefei", "taiyuan")
    _keep(city, *(peer.cosigned(peer.note(size), *three) for size in range(10, 20)))
    assert _sizes(city) == list(range(19, 19 - KEPT_BEST, -1))
    _keep(city, peer.cosigned(peer.note(5), "nanchang"), peer.cosigned(peer.note(21), "hefei"))
    assert _sizes(city) == [21, 19, 18, 17, 16, 5], "the last word of nanchang stays, however small"
    _keep(city, peer.cosigned(peer.note(6), "nanchang"))
    assert _sizes(city) == [21, 19, 18, 17, 16, 6]
    progress = city.store.checkpoints.progress(PEER)
    assert progress == {
        witness_name(name): (size, AT_S)
        for name, size in {"changsha": 19, "taiyuan": 19, "hefei": 21, "nanchang": 6}.items()
    }


def test_the_best_is_what_most_cosigned_and_the_newest_of_several(city: City, peer: Peer) -> None:
    checkpoints = city.store.checkpoints
    assert checkpoints.best_cosigned(PEER) is None
    two = ("changsha", "hefei")
    _keep(
        city, peer.cosigned(peer.note(7), *two), peer.cosigned(peer.note(8), *two), peer.cosigned(peer.note(9), "hefei")
    )
    for above, size in ((0, 8), (7, 8), (8, 9)):
        best = checkpoints.best_cosigned(PEER, above)
        assert best is not None
        assert best.size == size
    assert checkpoints.best_cosigned(PEER, 9) is None


def test_of_two_words_of_one_witness_the_later_stays(city: City, peer: Peer) -> None:
    note = peer.note(7)
    _keep(city, peer.cosigned(note, "hefei", at_s=AT_S), peer.cosigned(note, "hefei", at_s=AT_S - 9))
    _keep(city, peer.cosigned(note, "changsha"))
    kept = city.store.checkpoints.cosigned(PEER)
    assert kept == [(7, 2, peer.cosigned(note, "changsha", "hefei").note)]


@pytest.mark.parametrize(
    ("size", "names", "is_news"),
    [
        (7, ["hefei"], False),
        (7, ["hefei", "changsha"], True),
        (8, ["hefei"], True),
        (6, ["hefei"], True),
        (6, [], False),
    ],
    ids=["known", "another witness", "newer", "older, and there is room", "by nobody"],
)
def test_news_is_a_line_that_would_be_kept(
    city: City, peer: Peer, size: int, names: Sequence[str], *, is_news: bool
) -> None:
    _keep(city, peer.cosigned(peer.note(7), "hefei"))
    assert city.store.checkpoints.is_news(PEER, peer.cosigned(peer.note(size), *names)) is is_news


def test_of_what_is_heard_the_largest_of_each_teller_stays(city: City, peer: Peer) -> None:
    checkpoints = city.store.checkpoints
    assert (checkpoints.heard(PEER), checkpoints.largest_heard(PEER)) == ([], 0)
    for teller, size in (("hefei", 8), ("hefei", 7), ("taiyuan", 7), ("taiyuan", 9)):
        assert checkpoints.put_heard(PEER, Heard(teller, size, peer.note(size))).result(20) is None
    assert [each[:2] for each in checkpoints.heard(PEER)] == [("hefei", 8), ("taiyuan", 9)]
    assert checkpoints.largest_heard(PEER) == 9
    checkpoints.drop_heard(PEER, checkpoints.heard(PEER)[1:]).result(20)
    assert [each[:2] for each in checkpoints.heard(PEER)] == [("hefei", 8)]


def test_another_root_of_a_size_that_was_heard_is_told_and_not_kept(city: City, peer: Peer) -> None:
    checkpoints = city.store.checkpoints
    first = Heard("hefei", 8, peer.note(8))
    checkpoints.put_heard(PEER, first).result(20)
    assert checkpoints.put_heard(PEER, Heard("taiyuan", 8, peer.note(8, b"\1" * 32))).result(20) == first.note
    assert checkpoints.heard(PEER) == [first]


def test_each_log_is_kept_apart(city: City, peer: Peer) -> None:
    _keep(city, peer.cosigned(peer.note(7), "hefei"))
    checkpoints = city.store.checkpoints
    checkpoints.put_heard(PEER, Heard("hefei", 8, peer.note(8))).result(20)
    assert not checkpoints.cosigned("hefei")
    assert not checkpoints.progress("hefei")
    assert not checkpoints.heard("hefei")
