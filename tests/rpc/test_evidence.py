"""Evidence between real nodes: processes, mTLS, policy, commands. Nothing is ever whole in memory."""

import json
import os
import signal
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import pytest
import yaml

from node.client import upload
from node.client.channel import identity_channel, peer_channel
from node.client.errors import error_from_rpc
from node.core.members.clients import Kind
from node.core.members.officers import Account, OfficerRole
from node.errors import NodeError, Reason
from node.folder.attachment_file import digest_file
from node.folder.files import load_federation
from node.folder.identity import add_client, load_identity
from node.folder.keyfile import load_tls_identity
from node.rpc.evidence_client import evidence_peer
from node.stubs.evidence.v1 import evidence_pb2 as pb
from node.stubs.evidence.v1.evidence_pb2_grpc import EvidenceExchangeServiceStub, EvidenceServiceStub
from tests.kit.nodes.evidence_world import WHY, World
from tests.kit.stores.evidence import announcement, chunks, digest_of, sm3_of
from tests.kit.waiting import eventually

LARGE_BYTES = 200 * 1024 * 1024
GROWTH_MB = 50
SMALL = "直播间截图".encode() * 50_000


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("evidence"))
    try:
        yield made
    finally:
        made.close()


def memory_mb(pid: int, name: str) -> float:
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(status[name].split()[0]) / 1024


def put_small(world: World, content: bytes = SMALL) -> None:
    path = world.folder / "直播回放.mp4"
    path.write_bytes(content)
    options = ["--at", "2026-05-01T10:00", "--place", "某仓库", "--method", "录屏", "--carrier", "光盘"]
    options += ["--maker", "王某", "--officer", "王某=430100001", "--officer", "李某：430100002"]
    entry = world.folder / "evidence.yaml"
    entry.unlink(missing_ok=True)
    options += ["--kind", "audiovisual", "--entry", str(entry)]
    world.run("changsha", "evidence", "put", str(path), *options)
    (said,) = yaml.safe_load(entry.read_text("utf-8"))["evidence"]
    assert (said["kind"], said["title"], said["sha256"]) == ("audiovisual", path.name, digest_of(content))


def test_a_case_reaches_the_addressee_with_its_evidence_and_proof(world: World) -> None:
    put_small(world)
    record = world.refer(SMALL)
    out = world.folder / "got.mp4"
    world.run("hefei", "evidence", "get", digest_of(SMALL), "--record", record, "--out", str(out))
    assert out.read_bytes() == SMALL
    listed = json.loads(world.run("hefei", "evidence", "list", "--json"))
    assert [(each["sha256"], each["sm3"], each["records"], each["handed_in"]) for each in listed] == [
        (digest_of(SMALL), sm3_of(SMALL), [record], False)
    ]
    eventually(lambda: len(world.usage("hefei")) >= 3)
    kinds = {(kind, name, rpc, result) for kind, name, rpc, _, _, result in world.usage("changsha")}
    assert ("peer", "hefei", "Evidence.Fetch", f"bytes={len(SMALL)}") in kinds


def test_the_addressee_packs_and_anyone_verifies(world: World) -> None:
    content = b"packed" * 1000
    put_small(world, content)
    record = world.refer(content)
    bundle = world.folder / "case.zip"
    federation = str(world.configs["hefei"].federation)
    manifest = json.loads(world.run("hefei", "complaint", "evidence", "pack", record, "--out", str(bundle), "--json"))
    assert [file["sha256"] for file in manifest["files"]] == [digest_of(content)]
    assert len(manifest["files"][0]["extractions"][0]["officers"]) == 2
    assert "holds" in world.run("hefei", "evidence", "verify", str(bundle), "--federation", federation, "--json")
    damaged = bundle.read_bytes().replace(b"packedpacked", b"packedPacked", 1)
    bundle.write_bytes(damaged)
    world.run("hefei", "evidence", "verify", str(bundle), "--federation", federation, code=1)


def refusal(call: Iterator[Any]) -> NodeError:
    try:
        list(call)
    except grpc.RpcError as error:
        return error_from_rpc(error)
    except NodeError as error:
        return error
    raise AssertionError("answered")


def test_no_other_city_and_no_adapter_reads(world: World) -> None:
    content = b"for hefei" * 1000
    put_small(world, content)
    request = pb.FetchRequest(sha256=digest_of(content), record=world.refer(content), purpose="verification")
    wuhan = world.configs["wuhan"]
    member = load_federation(wuhan.federation).member("changsha")
    with evidence_peer(member, load_tls_identity(wuhan.tls_identity), 10) as peer:
        assert refusal(peer.fetch(request)).reason is Reason.PURPOSE_REQUIRED
        request.legal_basis = "b"
        assert refusal(peer.fetch(request)).reason is Reason.POLICY_DENIED
    officer = EvidenceExchangeServiceStub(world.nodes["changsha"].channel("intake"))
    assert refusal(officer.Fetch(request)).reason is Reason.PERMISSION_DENIED
    channel = peer_channel(load_tls_identity(wuhan.tls_identity), member)
    own = EvidenceServiceStub(channel)
    get = pb.GetRequest(reason=WHY, sha256=digest_of(content))
    assert refusal(own.Get(get)).reason is Reason.PERMISSION_DENIED
    channel.close()


def test_a_retraction_ends_the_right_and_destroys_the_copy(world: World) -> None:
    content = b"taken back" * 1000
    put_small(world, content)
    record = world.refer(content)
    out = world.folder / "gone.mp4"
    get = ("evidence", "get", digest_of(content), "--record", record, "--out", str(out))
    world.run("hefei", *get)
    held = world.configs["hefei"].data_dir / "evidence" / digest_of(content)
    assert held.exists()
    world.run("changsha", "retract", record, "--purpose", "correction", "--legal-basis", "b", "--yes")
    eventually(lambda: not held.exists())
    world.run("hefei", *get, code=2)


def test_two_hundred_megabytes_move_through_little_memory(world: World) -> None:
    """Up, killed in the middle, up to the end; over to the other city; down: each process grows by less than 50 MB."""
    path = world.folder / "large.mp4"
    _make_large(path)
    digests = digest_file(path)
    about = pb.Announcement(sha256=digests.sha256, size=LARGE_BYTES, name=path.name)
    _kill_in_the_middle(world, about, path)
    sender, receiver = world.writer("changsha"), world.writer("hefei")
    before = {pid: memory_mb(pid, "VmRSS") for pid in (sender, receiver)}
    offsets: list[int] = []
    with path.open("rb") as file:
        assert upload(world.service("changsha"), about, file, offsets.append).sm3 == digests.sm3
    assert offsets[0] > 8 * 2**20  # not from the beginning
    record = world.refer(b"", *digests)
    out = world.folder / "out.mp4"
    world.run("hefei", "evidence", "get", digests.sha256, "--record", record, "--out", str(out))
    assert digest_file(out) == digests
    grown = {pid: memory_mb(pid, "VmHWM") - size for pid, size in before.items()}
    print(grown)
    assert max(grown.values()) < GROWTH_MB


def _make_large(path: Path) -> None:
    with path.open("wb") as file:
        for number in range(LARGE_BYTES // 2**20):
            file.write(number.to_bytes(4, "big") * 2**18)


def _kill_in_the_middle(world: World, about: pb.Announcement, path: Path) -> None:
    """Kills the node's process once it holds some of the upload; its supervisor starts another."""
    part = world.configs["changsha"].data_dir / "evidence" / f"{about.sha256}.part"
    begun = threading.Event()

    def kill() -> None:
        eventually(lambda: part.exists() and part.stat().st_size > 8 * 2**20)
        os.kill(world.writer("changsha"), signal.SIGKILL)
        begun.set()

    killer = threading.Thread(target=kill)
    killer.start()
    with path.open("rb") as file, pytest.raises((grpc.RpcError, NodeError)):
        upload(world.service("changsha"), about, _Slow(file), lambda _: None)  # type: ignore[arg-type]
    killer.join()
    eventually(lambda: _serves(world), timeout_s=60)


class _Slow:
    """A file that stops after 16 MiB until the node is gone."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def seek(self, offset: int) -> None:
        self._file.seek(offset)

    def read(self, size: int) -> bytes:
        if self._file.tell() >= 16 * 2**20:
            threading.Event().wait(3)
        return bytes(self._file.read(size))


def _serves(world: World) -> bool:
    try:
        return world.writer("changsha") > 0 and not refusal_of_list(world)
    except (AssertionError, OSError):
        return False


def refusal_of_list(world: World) -> str:
    try:
        list(world.service("changsha").List(pb.ListRequest(reason=WHY), timeout=5))
    except grpc.RpcError as error:
        return str(error_from_rpc(error))
    return ""


def test_the_service_refuses_what_the_store_refuses(world: World) -> None:
    content = b"hostile" * 100_000
    first = pb.PutRequest(announcement=announcement(content))
    wrong = [pb.PutRequest(chunk=pb.Chunk(offset=5, data=b"x"))]
    altered = list(chunks(content[:-1] + b"!"))
    for messages, reason in [
        ([first, *wrong], Reason.WRONG_OFFSET),
        ([first, *altered], Reason.WRONG_DIGEST),
        ([first, *list(chunks(content))[:1]], Reason.INCOMPLETE),
        ([pb.PutRequest(announcement=announcement(content, name="../x"))], Reason.INVALID_FIELD),
        ([], Reason.INVALID_ARGUMENT),
    ]:
        assert refusal(world.service("changsha").Put(iter(messages))).reason is reason


def _refused_put(world: World, name: str, messages: list[pb.PutRequest]) -> Reason:
    with identity_channel(load_identity(world.folder / name), "intake") as channel:
        return refusal(EvidenceServiceStub(channel).Put(iter(messages))).reason


def test_who_hands_in_and_who_extracted_stand_in_the_usage_record(world: World) -> None:
    """By an officer's own account; an auditor hands nothing in."""
    config = world.configs["changsha"]
    for name, role in (("zhang", OfficerRole.CASE_OFFICER), ("wang", OfficerRole.AUDITOR)):
        account = Account(name, (role,), "430100001")
        add_client(config, name, Kind.OFFICER, world.folder / name, datetime.now(UTC), account=account)
    content = b"handed in by zhang" * 100
    about = announcement(content)
    two = [pb.ExtractionOfficer(name="李某", certificate_number=f"43010000{number}") for number in (1, 2)]
    extraction = pb.Extraction(at_ms=1, place="某仓库", method="录屏", carrier="光盘", maker="王某", officers=two)
    about.extraction.CopyFrom(extraction)
    messages = [pb.PutRequest(announcement=about), *chunks(content)]
    eventually(lambda: _refused_put(world, "wang", messages) is Reason.WRONG_ACTOR)  # once the node knows the account
    with identity_channel(load_identity(world.folder / "zhang"), "intake") as channel:
        *_, last = EvidenceServiceStub(channel).Put(iter(messages))
    assert last.attachment.sha256 == about.sha256
    stored = ("officer", "zhang", "Evidence.Put", "enforcement", about.sha256, "stored 430100001 430100002")
    eventually(lambda: stored in world.usage("changsha"))
    assert ("officer", "wang", "Evidence.Put", "enforcement", "", "wrong_actor") in world.usage("changsha")
