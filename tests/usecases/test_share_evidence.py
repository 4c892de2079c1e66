"""Who may fetch what, what a lying peer achieves, and what happens when a record is taken back."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from node.core.log.attachment import MAX_CHUNK_BYTES
from node.core.policy.grant import Grant
from node.errors import NodeError, Reason
from node.storage.sqlite.evidence import EvidenceStore
from node.stubs.evidence.v1 import evidence_pb2 as pb
from node.stubs.query.v1.query_pb2 import Reason as Why
from node.usecases.evidence.fetch import Destruction, obtain
from node.usecases.evidence.share import share_evidence
from tests.kit.stores.city import PURPOSE, City, only
from tests.kit.stores.evidence import CONTENT, POLICY, digest_of, grants, put, record, referring, retract, store

DIGEST = digest_of(CONTENT)
WHY = Why(purpose=PURPOSE, legal_basis="b")


class World:
    """Changsha refers a case to Hefei, with its evidence."""

    def __init__(self, folder: Path, *audience: str) -> None:
        for name in ("changsha", "hefei"):
            (folder / name).mkdir()
        self.changsha, self.hefei = City(folder, "changsha"), City(folder, "hefei")
        self.sent, self.held = store(folder / "changsha"), store(folder / "hefei")
        self.kept = put(self.sent, CONTENT)
        self.record = record(self.changsha, referring(CONTENT), *(audience or ("hefei",)))

    def request(self, **said: object) -> pb.FetchRequest:
        told = {"sha256": DIGEST, "record": self.record, "purpose": PURPOSE, "legal_basis": "b"} | said
        return pb.FetchRequest(**told)  # type: ignore[arg-type]

    def share(self, grant: Callable[[], Grant], **said: object) -> Iterator[pb.FetchResponse]:
        return share_evidence(self.changsha.store, self.sent, "changsha", grant, self.request(**said))

    def refusal(self, grant: Callable[[], Grant], **said: object) -> Reason:
        with pytest.raises(NodeError) as caught:
            list(self.share(grant, **said))
        return caught.value.reason

    def obtain(self, peer: "Peer", **said: object) -> list[pb.ObtainResponse]:
        request = pb.ObtainRequest(**({"reason": WHY, "record": self.record} | said))  # type: ignore[arg-type]
        return list(obtain(self.hefei.store, self.held, peer, "officer/test", request))


class Peer:
    """Changsha's service without a network, as Hefei reaches it; `tell` alters what it says."""

    def __init__(
        self, world: World, tell: Callable[[list[pb.FetchResponse]], list[pb.FetchResponse]] = lambda told: told
    ) -> None:
        self.world = world
        self.tell = tell
        self.asked: list[int] = []

    def fetch(self, request: pb.FetchRequest) -> Iterator[pb.FetchResponse]:
        self.asked.append(request.offset)
        world = self.world
        grant = grants("changsha", "hefei")
        yield from self.tell(list(share_evidence(world.changsha.store, world.sent, "changsha", grant, request)))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


HEFEI = grants("changsha", "hefei")


def body(told: list[pb.FetchResponse]) -> bytes:
    return b"".join(each.chunk.data for each in told[1:])


def test_the_addressee_gets_it(world: World) -> None:
    told = list(world.share(HEFEI))
    assert body(told) == CONTENT
    assert told[0].attachment.extractions == world.kept.extractions
    assert not told[0].attachment.stored_at_ms
    assert max(len(each.chunk.data) for each in told) <= MAX_CHUNK_BYTES
    assert body(list(world.share(HEFEI, offset=1_000_000))) == CONTENT[1_000_000:]


def test_nobody_else_does(world: World) -> None:
    """In no audience; no rule; a purpose without a rule; a facet not shared; and none learns which it was."""
    identity_only = POLICY.replace("[regulator]", "[personal]")
    withheld = (
        POLICY + "  - withhold: referral\n    from: [all]\n    when: body.kind == ReferralKind.REFERRAL_KIND_CASE\n"
    )
    refusals = [
        (grants("changsha", "wuhan"), {}),
        (grants("changsha", "hefei", "city: {city}\nrules: []\n"), {}),
        (grants("changsha", "hefei", POLICY.replace("verification", "statistics")), {}),
        (grants("changsha", "hefei", identity_only), {}),
        (grants("changsha", "hefei", withheld), {}),
        (HEFEI, {"record": "changsha-1"}),
        (HEFEI, {"record": "changsha-999"}),
        (HEFEI, {"record": "hefei-0"}),
        (HEFEI, {"sha256": "0" * 64}),
    ]
    assert {world.refusal(grant, **said) for grant, said in refusals} == {Reason.POLICY_DENIED}
    assert list(world.share(HEFEI))


def test_another_record_is_no_key(world: World) -> None:
    other = record(world.changsha, referring(b"other"), "hefei")
    assert world.refusal(HEFEI, record=other) is Reason.POLICY_DENIED


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"sha256": "../../node.db"}, Reason.INVALID_ARGUMENT),
        ({"record": "../x"}, Reason.INVALID_ARGUMENT),
        ({"offset": len(CONTENT) + 1}, Reason.WRONG_OFFSET),
    ],
)
def test_a_malformed_request_is_refused(world: World, said: dict[str, object], reason: Reason) -> None:
    assert world.refusal(HEFEI, **said) is reason


def test_named_but_not_handed_in(world: World) -> None:
    naming = record(world.changsha, referring(b"later"), "hefei")
    assert world.refusal(HEFEI, record=naming, sha256=digest_of(b"later")) is Reason.NOT_FOUND


def test_another_citys_evidence_is_not_passed_on(world: World) -> None:
    world.hefei.pull(world.changsha)
    world.obtain(Peer(world))
    naming = record(world.hefei, referring(CONTENT), "wuhan")
    request = pb.FetchRequest(sha256=DIGEST, record=naming, purpose=PURPOSE, legal_basis="b")
    grant = grants("hefei", "wuhan")
    with pytest.raises(NodeError) as caught:
        list(share_evidence(world.hefei.store, world.held, "hefei", grant, request))
    assert caught.value.reason is Reason.POLICY_DENIED
    put(world.held, CONTENT)
    assert list(share_evidence(world.hefei.store, world.held, "hefei", grant, request))


def test_a_retraction_ends_the_right(world: World) -> None:
    retract(world.changsha, world.record)
    assert world.refusal(HEFEI) is Reason.POLICY_DENIED


def test_a_retraction_ends_it_in_the_middle(tmp_path: Path) -> None:
    world = World(tmp_path)
    large = CONTENT * 40
    put(world.sent, large)
    world.record = record(world.changsha, referring(large), "hefei")
    told = world.share(HEFEI, sha256=digest_of(large))
    for _ in range(10):
        next(told)
    retract(world.changsha, world.record)
    with pytest.raises(NodeError) as caught:
        list(told)
    assert caught.value.reason is Reason.POLICY_DENIED


def test_the_receiver_holds_it_once_checked(world: World) -> None:
    world.hefei.pull(world.changsha)
    peer = Peer(world)
    last = world.obtain(peer)[-1].attachment
    assert last.sm3 == world.kept.sm3
    assert list(last.records) == [world.record]
    assert not last.handed_in
    assert b"".join(world.held.read(DIGEST, 0)) == CONTENT
    assert world.obtain(peer)[-1].attachment == last
    assert peer.asked == [0]


def test_a_broken_fetch_is_not_shown_and_goes_on(world: World) -> None:
    world.hefei.pull(world.changsha)
    with pytest.raises(NodeError) as caught:
        world.obtain(Peer(world, lambda told: told[:3]))
    assert caught.value.reason is Reason.INCOMPLETE
    assert world.held.find(DIGEST) is None
    peer = Peer(world)
    world.obtain(peer)
    assert peer.asked == [2 * MAX_CHUNK_BYTES]
    assert b"".join(world.held.read(DIGEST, 0)) == CONTENT


def _altered(told: list[pb.FetchResponse]) -> list[pb.FetchResponse]:
    told[-1].chunk.data = bytes(len(told[-1].chunk.data))
    return told


def _longer(told: list[pb.FetchResponse]) -> list[pb.FetchResponse]:
    return [*told, pb.FetchResponse(chunk=pb.Chunk(offset=len(CONTENT), data=b"!"))]


def _skipping(told: list[pb.FetchResponse]) -> list[pb.FetchResponse]:
    return [told[0], *told[2:]]


def _saying(**said: object) -> Callable[[list[pb.FetchResponse]], list[pb.FetchResponse]]:
    def tell(told: list[pb.FetchResponse]) -> list[pb.FetchResponse]:
        told[0].attachment.MergeFrom(pb.Attachment(**said))  # type: ignore[arg-type]
        return told

    return tell


@pytest.mark.parametrize(
    ("tell", "reason"),
    [
        (_altered, Reason.WRONG_DIGEST),
        (_longer, Reason.TOO_LARGE),
        (_skipping, Reason.WRONG_OFFSET),
        (lambda _: [], Reason.INCOMPLETE),
        (_saying(sha256="0" * 64), Reason.WRONG_DIGEST),
        (_saying(size=2**50), Reason.TOO_LARGE),
        (_saying(name="../../etc/cron.d/x"), Reason.INVALID_FIELD),
        (_saying(extractions=[pb.Extraction(at_ms=1)]), Reason.INVALID_FIELD),
    ],
    ids=["altered", "longer", "skipping", "silent", "other", "endless", "path", "one officer"],
)
def test_a_lying_peer_achieves_nothing(
    world: World, tell: Callable[[list[pb.FetchResponse]], list[pb.FetchResponse]], reason: Reason
) -> None:
    world.hefei.pull(world.changsha)
    with pytest.raises(NodeError) as caught:
        world.obtain(Peer(world, tell))
    assert caught.value.reason is reason
    assert world.held.find(DIGEST) is None
    assert world.held.digests() == []


def test_only_what_a_record_names_is_fetched(world: World) -> None:
    world.hefei.pull(world.changsha)
    wrong: list[tuple[dict[str, object], Reason]] = [
        ({"sha256": "0" * 64}, Reason.NOT_FOUND),
        ({"record": "changsha-9"}, Reason.NOT_FOUND),
        ({"record": "wuhan-0"}, Reason.NOT_FOUND),
        ({"reason": Why(purpose="other", legal_basis="b")}, Reason.POLICY_DENIED),
    ]
    for said, reason in wrong:
        with pytest.raises(NodeError) as caught:
            world.obtain(Peer(world), **said)
        assert caught.value.reason is reason


def test_a_withheld_facet_names_nothing(world: World) -> None:
    world.hefei.pull(world.changsha, see=only(2))
    with pytest.raises(NodeError) as caught:
        world.obtain(Peer(world))
    assert caught.value.reason is Reason.NOT_FOUND


def test_what_is_taken_back_is_destroyed(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.hefei.pull(world.changsha)
    world.obtain(Peer(world))
    destruction = Destruction(world.hefei.store, world.held)
    destruction.run()
    assert world.held.digests() == [DIGEST]
    retract(world.changsha, world.record)
    world.hefei.pull(world.changsha)
    destruction.run()
    assert world.held.digests() == []
    assert list((tmp_path / "hefei" / "evidence").iterdir()) == []
    assert _destroyed(world.held) == [(DIGEST, world.record)]


def test_what_is_taken_back_on_the_way_is_not_kept(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.hefei.pull(world.changsha)

    def while_retracting(told: list[pb.FetchResponse]) -> list[pb.FetchResponse]:
        retract(world.changsha, world.record)
        world.hefei.pull(world.changsha)
        return told

    with pytest.raises(NodeError) as caught:
        world.obtain(Peer(world, while_retracting))
    assert caught.value.reason is Reason.NOT_FOUND
    assert list((tmp_path / "hefei" / "evidence").iterdir()) == []


def _destroyed(held: EvidenceStore) -> list[tuple[str, str]]:
    return list(held._connection.execute("SELECT sha256, record FROM destruction"))
