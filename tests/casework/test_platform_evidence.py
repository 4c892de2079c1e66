"""What a platform reads of evidence: of the matters that are addressed to it, from the city that says so, no other."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from node.core.members.actor import Actor
from node.errors import NodeError, Reason
from node.stubs.evidence.v1 import evidence_pb2 as pb
from node.stubs.query.v1.query_pb2 import Reason as Why
from node.stubs.standard.v1 import measure_pb2
from node.stubs.standard.v1.evidence_pb2 import Evidence
from node.usecases.casework.case_file import PURPOSE
from node.usecases.evidence.fetch import EvidencePeer
from node.usecases.evidence.read_for_platform import PlatformEvidence
from node.usecases.evidence.share import share_evidence
from node.usecases.exchange.enforce_policy import read_policy
from tests.kit.casework.casework_city import JD, TAOBAO, CaseworkCity, act
from tests.kit.casework.measures import request
from tests.kit.samples.standards import EVIDENCE
from tests.kit.stores.evidence import CONTENT, digest_of, put, sm3_of, store

DIGEST = digest_of(CONTENT)
WHY = Why(purpose=PURPOSE, legal_basis="b")
POLICY = """\
city: changsha
rules:
  - id: measures
    share: measure.request
    with: [all]
    purpose: enforcement
    facets: [regulator]
"""
Three = tuple[CaseworkCity, CaseworkCity, CaseworkCity]


class World:
    """Changsha asks 京东, which is connected to Hefei; 淘宝 is connected to Changsha."""

    def __init__(self, folder: Path, three: Three) -> None:
        self.changsha, self.hefei, _ = three
        for name in ("sent", "held"):
            (folder / name).mkdir()
        self.sent, self.held = store(folder / "sent"), store(folder / "held")
        self.fetched = 0
        there, here = (
            PlatformEvidence(desk.store, attachments, desk.city, desk.casework.open, self._connect)
            for desk, attachments in ((self.changsha, self.sent), (self.hefei, self.held))
        )
        self.at = {"changsha": there, "hefei": here}

    @contextmanager
    def _connect(self, city: str) -> Iterator[EvidencePeer]:
        assert city == "changsha"
        yield self

    def fetch(self, request: pb.FetchRequest) -> Iterator[pb.FetchResponse]:
        """Changsha's exchange, as Hefei reaches it."""
        self.fetched += 1
        grant = read_policy(POLICY, "policy.yaml").grant("hefei", PURPOSE)
        return share_evidence(self.changsha.store, self.sent, "changsha", lambda: grant, request)

    def ask(self, platform: str = "京东", content: bytes = CONTENT) -> str:
        body = request(platform)
        evidence = Evidence()
        evidence.CopyFrom(EVIDENCE)
        evidence.sha256, evidence.sm3 = digest_of(content), sm3_of(content)
        body.evidence.append(evidence)
        case = self.changsha.decide("measure.request", "", body).case
        self.hefei.see(self.changsha)
        return case

    def read(self, case: str, actor: Actor = JD, city: str = "hefei", **said: object) -> bytes:
        asked = pb.ReadRequest(**({"case": case, "sha256": DIGEST} | said))  # type: ignore[arg-type]
        first, *rest = self.at[city].read(actor, asked, WHY)
        assert first.attachment.size == len(CONTENT)
        assert not first.attachment.extractions
        return b"".join(each.chunk.data for each in rest)

    def refusal(self, case: str, actor: Actor = JD, city: str = "hefei", **said: object) -> Reason:
        with pytest.raises(NodeError) as caught:
            self.read(case, actor, city, **said)
        return caught.value.reason


@pytest.fixture
def world(tmp_path: Path, three: Three) -> World:
    return World(tmp_path, three)


def test_a_platform_reads_what_a_request_to_it_rests_on(world: World) -> None:
    put(world.sent, CONTENT)
    case = world.ask()
    assert world.read(case) == CONTENT
    assert world.read(case, offset=len(CONTENT) - 5) == CONTENT[-5:]
    assert world.fetched == 1  # it is held from now on
    assert world.held.get(DIGEST).records == [case]


def test_no_other_platform_reads_it_and_no_other_node_answers(world: World) -> None:
    put(world.sent, CONTENT)
    case = world.ask()
    for actor, city in ((TAOBAO, "hefei"), (TAOBAO, "changsha"), (JD, "changsha")):
        assert world.refusal(case, actor, city) is Reason.NOT_FOUND
    assert world.refusal("changsha-99") is Reason.NOT_FOUND
    assert world.fetched == 0
    own = world.ask("淘宝")
    assert world.read(own, TAOBAO, "changsha") == CONTENT
    assert world.refusal(own, JD) is Reason.NOT_FOUND


def test_of_its_own_matter_it_reads_what_an_act_names_and_nothing_else(world: World) -> None:
    other = b"of another matter" * 100
    for content in (CONTENT, other):
        put(world.sent, content)
    case = world.ask()
    assert world.refusal(case, sha256=digest_of(other)) is Reason.POLICY_DENIED
    assert world.refusal(case, sha256="../x") is Reason.INVALID_ARGUMENT
    assert world.refusal(case, offset=len(CONTENT) + 1) is Reason.WRONG_OFFSET


def test_a_city_that_names_a_digest_lets_nobody_read_anothers_evidence(world: World) -> None:
    """What Hefei's officers handed in does not go out because Changsha names it, whom it was never shown."""
    put(world.held, CONTENT)
    case = world.ask()
    assert world.refusal(case) is Reason.POLICY_DENIED
    assert world.fetched == 0


def test_what_the_asking_city_does_not_hold_is_said(world: World) -> None:
    assert world.refusal(world.ask()) is Reason.NOT_FOUND


def test_an_act_that_counts_for_nothing_shows_nothing(world: World) -> None:
    """The platform may not let itself in by an act of its own that the case does not allow."""
    put(world.sent, CONTENT)
    case = world.ask("京东", b"another" * 10)
    body = measure_pb2.MeasureRequest(act=act("execute"), evidence=[EVIDENCE])
    body.evidence[0].sha256 = DIGEST
    with pytest.raises(NodeError):
        world.hefei.act("measure.request", case, body, actor=JD)
    assert world.refusal(case) is Reason.POLICY_DENIED


def test_a_platforms_own_act_that_names_a_digest_opens_nothing(world: World) -> None:
    put(world.held, CONTENT)
    case = world.ask("京东", b"another" * 10)
    body = measure_pb2.MeasureRequest(act=act("ack"), evidence=[EVIDENCE])
    body.evidence[0].sha256 = DIGEST
    world.hefei.act("measure.request", case, body, actor=JD)
    assert world.refusal(case) is Reason.POLICY_DENIED
