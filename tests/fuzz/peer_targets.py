"""What comes from a peer, or from anybody with a file that claims to prove something."""

from nacl.signing import SigningKey

from node.core.log.checkpoint import LogKey, format_vkey, log_name, parse_checkpoint, parse_vkey, verify_checkpoint
from node.core.log.cosignature import WitnessKey, open_cosigned, parse_witness_vkey, witness_name
from node.core.log.fork import parse_fork, verify_fork
from node.core.log.manifest import format_manifest, parse_manifest
from node.core.log.merkle import Frontier, split_hashes
from node.core.log.proof import format_proof, parse_proof, verify_proof
from node.core.log.record import parse_record_id, read_own, record_id
from node.core.log.run import cut, cut_one, join, mask, open_run, parse_run
from node.core.log.subjects import index_entries
from node.core.log.trusted_log import TrustedLog, verify_revision
from node.core.standards.kinds import kind_of
from node.errors import FileError, NodeError, Reason
from node.stubs.exchange.v1.exchange_pb2 import PullResponse
from node.usecases.evidence.check_bundle import check_bundle
from tests.fuzz.target import TARGETS, file_of, target

CITY = "wuhan"
# The key of the log in the corpus, and of the city that cosigned it; they guard nothing.
SIGNING, WITNESS = SigningKey(bytes(range(32))), SigningKey(bytes(range(1, 33)))
KEY = LogKey(log_name(CITY), bytes(SIGNING.verify_key))
# A place in the log at which the runs of the corpus are read.
RUN_AT = 40
WITNESS_KEY = WitnessKey(witness_name("hefei"), bytes(WITNESS.verify_key))


def text_of(data: bytes) -> str:
    """The text of a file, as every reader here takes it."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise FileError(Reason.INVALID_ARGUMENT, "input", "not UTF-8") from None


@target()
def batch(data: bytes) -> None:
    """What is believed of a batch follows from its bytes alone."""
    verified = TrustedLog(CITY, [KEY], Frontier(), None).verify_batch(data)
    assert verified.size == verified.length <= verified.checkpoint.size
    at = 0
    for run in verified.runs:
        assert run.stored.first == at
        assert run.stored.content is None or open_run(run.stored.content, at, CITY) == run
        at = run.stored.end


def _leaf_hashes() -> list[bytes]:
    return split_hashes(PullResponse.FromString((TARGETS["batch"].corpus / "whole").read_bytes()).leaf_hashes)


@target()
def revision(data: bytes) -> None:
    hashes = _leaf_hashes()
    verified = verify_revision(data, CITY, 0, len(hashes), hashes)
    assert 0 < verified.end <= len(hashes)
    records = [record for run in verified.runs for record in cut(run.stored)]
    assert all(record.leaf_hash == hashes[record.index] for record in records)


@target()
def run(data: bytes) -> None:
    """A run that is taken is the same records however it is read; masking and cutting it change no hash."""
    opened = open_run(data, RUN_AT, CITY)
    stored = opened.stored
    records = cut(stored)
    assert records == [cut_one(stored, index) for index in range(stored.first, stored.end)]
    assert [cut(each) for each in join(records)] == [records]
    assert b"".join(record.leaf_hash for record in records) == stored.hashes
    if opened.shared is not None:
        masked = parse_run(data)
        mask(masked, ())
        assert open_run(masked.SerializeToString(), RUN_AT, CITY).stored.hashes == stored.hashes
        kind = kind_of(opened.shared.common.standard)
        read = [(record.index, read_own(record.own)) for record in records]
        assert list(opened.entries) == [
            entry for index, own in read for entry in index_entries(own.subjects, kind, index)
        ]


@target()
def record_ids(data: bytes) -> None:
    text = text_of(data)
    assert record_id(*parse_record_id(text)) == text


@target()
def checkpoint(data: bytes) -> None:
    """Signed or not, and with whatever cosignatures, a note is read alike; what is verified is verified again."""
    said = parse_checkpoint(data)
    assert verify_checkpoint(data, KEY.name, [KEY]) == said
    cosigned = open_cosigned(data, KEY.name, [KEY], [WITNESS_KEY])
    assert open_cosigned(cosigned.note, KEY.name, [KEY], [WITNESS_KEY]) == cosigned


@target()
def verifier_key(data: bytes) -> None:
    text = text_of(data)
    try:
        assert format_vkey(parse_witness_vkey(text)) == text
    except NodeError:
        assert format_vkey(parse_vkey(text)) == text


@target()
def proof(data: bytes) -> None:
    """A proof file has one form for what it says."""
    parsed = parse_proof(text_of(data))
    assert parse_proof(format_proof(parsed)) == parsed
    verify_proof(parsed, [KEY])


@target()
def fork(data: bytes) -> None:
    proven = verify_fork(parse_fork(data), [KEY])
    assert proven.smaller.size <= proven.larger.size


@target()
def manifest(data: bytes) -> None:
    parsed = parse_manifest(data)
    assert parse_manifest(format_manifest(parsed).encode()) == parsed
    assert not any(".." in path.split("/") or path.startswith("/") for path in parsed.paths())


@target()
def bundle(data: bytes) -> None:
    with file_of(data) as path:
        check_bundle(path, lambda city: [KEY] if city == CITY else [])
