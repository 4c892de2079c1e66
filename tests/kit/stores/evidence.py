"""What tests of evidence share: attachments, records that name them, and who may see which."""

from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

from google.protobuf.message import Message

from node.config import Evidence
from node.core.log.attachment import MAX_CHUNK_BYTES
from node.core.policy.grant import Grant
from node.core.standards import standard as standards
from node.folder.attachment_file import Digester
from node.storage.sqlite.evidence import EvidenceStore
from node.storage.sqlite.log import Entry
from node.stubs.evidence.v1 import evidence_pb2 as pb
from node.stubs.record.v1.record_pb2 import Header
from node.stubs.standard.v1.referral_pb2 import Referral
from node.usecases.evidence.store import store_evidence
from node.usecases.exchange.enforce_policy import read_policy
from tests.kit.clock import NOW_MS, SetClock
from tests.kit.samples.standards import EVIDENCE, FOLLOWING, LETTER, referral
from tests.kit.stores.city import PURPOSE, City

CONTENT = bytes(range(256)) * 4096  # 1 MiB
EXTRACTION = pb.Extraction(
    at_ms=NOW_MS,
    place="合肥市包河区某仓库",
    method="现场录屏",
    carrier="执法记录仪",
    maker="王某",
    officers=[
        pb.ExtractionOfficer(name="王某", certificate_number="430100001"),
        pb.ExtractionOfficer(name="李某", certificate_number="430100002"),
    ],
)
POLICY = """\
city: {city}
rules:
  - id: referrals
    share: referral
    with: [all]
    purpose: verification
    facets: [regulator]

  # What the commands about cases ask for unless they are told otherwise.
  - id: referrals-enforced
    share: referral
    with: [all]
    purpose: enforcement
    facets: [regulator]
"""


def digest_of(content: bytes) -> str:
    return sha256(content).hexdigest()


def sm3_of(content: bytes) -> str:
    digester = Digester()
    digester.update(content)
    return digester.digests().sm3


def store(folder: Path, **settings: int) -> EvidenceStore:
    return EvidenceStore(folder, Evidence(**({"keep_free_bytes": 0} | settings)), SetClock())


def announcement(content: bytes, **said: object) -> pb.Announcement:
    told: dict[str, object] = {"sha256": digest_of(content), "size": len(content), "name": "直播回放.mp4"}
    return pb.Announcement(**(told | {"extraction": EXTRACTION} | said))  # type: ignore[arg-type]


def chunks(content: bytes, offset: int = 0) -> Iterator[pb.PutRequest]:
    for begin in range(offset, len(content), MAX_CHUNK_BYTES):
        data = content[begin : begin + MAX_CHUNK_BYTES]
        yield pb.PutRequest(chunk=pb.Chunk(offset=begin, data=data))


def put(into: EvidenceStore, content: bytes, **said: object) -> pb.Attachment:
    first = pb.PutRequest(announcement=announcement(content, **said))
    *_, last = store_evidence(into, "officer/test", iter([first, *chunks(content)]))
    return last.attachment


def referring(content: bytes, **fields: object) -> Referral:
    """A referral whose only evidence is `content`; its letter is no attachment."""
    message = referral()
    assert isinstance(message, Referral)
    message.evidence[0].CopyFrom(EVIDENCE)
    message.evidence[0].sha256, message.evidence[0].sm3 = digest_of(content), sm3_of(content)
    message.letter.sha256 = ""
    message.MergeFrom(Referral(**fields))  # type: ignore[arg-type]
    return message


def following(case: str, content: bytes) -> Referral:
    """A later act of a case; its letter is `content`."""
    message = Referral(act=FOLLOWING, letter=LETTER)
    message.act.case, message.act.follows[:] = case, [case]
    message.letter.sha256 = digest_of(content)
    return message


def record(city: City, message: Message, *audience: str) -> str:
    """Appends a record of the standard `referral`; returns its id."""
    standard = standards.get("referral")
    header = Header(
        standard=standard.name,
        version=standard.version,
        city=city.city,
        as_of_ms=NOW_MS,
        audience=audience or ["all"],
        purpose=PURPOSE,
        legal_basis="b",
        subjects=standard.subjects(message),
    )
    return city.append([Entry.of(header, standard.split(message.SerializeToString()))])[0]


def retract(city: City, record_id: str, *audience: str) -> None:
    header = Header(standard="referral", version=1, city=city.city, retracts=record_id, audience=audience or ["all"])
    city.append([Entry.of(header, ())])


def grants(city: str, peer: str, policy: str = POLICY) -> Callable[[], Grant]:
    return lambda: read_policy(policy.format(city=city), "policy.yaml").grant(peer, PURPOSE)
