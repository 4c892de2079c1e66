"""Attachments on disk: whole and right, or not there; what broke off goes on."""

import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from node.core.log.attachment import MAX_CHUNK_BYTES
from node.errors import NodeError, Reason
from node.storage.sqlite.evidence import EvidenceStore, Source
from node.stubs.evidence.v1 import evidence_pb2 as pb
from node.usecases.evidence.store import store_evidence
from tests.kit.small_disk import fill, small_disk
from tests.kit.stores.evidence import CONTENT, EXTRACTION, announcement, chunks, digest_of, put, sm3_of, store

DIGEST = digest_of(CONTENT)


def send(into: EvidenceStore, *messages: pb.PutRequest, **said: object) -> pb.Attachment:
    first = pb.PutRequest(announcement=announcement(CONTENT, **said))
    *_, last = store_evidence(into, "officer/test", iter([first, *messages]))
    return last.attachment


def refused(into: EvidenceStore, *messages: pb.PutRequest, **said: object) -> Reason:
    with pytest.raises(NodeError) as caught:
        send(into, *messages, **said)
    return caught.value.reason


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "evidence").iterdir())


def test_what_was_put_is_read(tmp_path: Path) -> None:
    with_store = store(tmp_path)
    kept = put(with_store, CONTENT)
    assert (kept.sha256, kept.sm3, kept.size) == (DIGEST, sm3_of(CONTENT), len(CONTENT))
    assert list(kept.extractions) == [EXTRACTION]
    assert kept.handed_in
    assert b"".join(with_store.read(DIGEST, 0)) == CONTENT
    assert b"".join(with_store.read(DIGEST, 1_000_000)) == CONTENT[1_000_000:]
    assert stat.S_IMODE((tmp_path / "evidence" / DIGEST).stat().st_mode) == 0o600
    assert files(tmp_path) == [DIGEST]


def test_sm3_is_that_of_the_standard() -> None:
    """GB/T 32905-2016, A.1."""
    assert sm3_of(b"abc") == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"


def test_a_broken_upload_goes_on_after_a_restart(tmp_path: Path) -> None:
    first = store(tmp_path)
    assert refused(first, *list(chunks(CONTENT))[:2]) is Reason.INCOMPLETE
    first.close()
    again = store(tmp_path)
    answers = store_evidence(again, "", _lazy(pb.PutRequest(announcement=announcement(CONTENT)), 2 * MAX_CHUNK_BYTES))
    assert next(answers).held == 2 * MAX_CHUNK_BYTES
    assert next(answers).attachment.sha256 == DIGEST
    assert b"".join(again.read(DIGEST, 0)) == CONTENT


def _lazy(first: pb.PutRequest, offset: int) -> Iterator[pb.PutRequest]:
    yield first
    yield from chunks(CONTENT, offset)


def test_the_same_again_costs_nothing_and_adds_its_extraction(tmp_path: Path) -> None:
    with_store = store(tmp_path)
    put(with_store, CONTENT)
    other = pb.Extraction()
    other.CopyFrom(EXTRACTION)
    other.place = "别处"
    assert list(send(with_store, extraction=other).extractions) == [other]
    send(with_store, extraction=other)
    assert len(with_store.get(DIGEST).extractions) == 2


def test_wrong_bytes_leave_nothing(tmp_path: Path) -> None:
    with_store = store(tmp_path)
    wrong = CONTENT[:-1] + b"!"
    assert refused(with_store, *chunks(wrong)) is Reason.WRONG_DIGEST
    assert files(tmp_path) == []
    assert with_store.find(DIGEST) is None
    put(with_store, CONTENT)


def test_truncated_is_never_shown(tmp_path: Path) -> None:
    with_store = store(tmp_path)
    assert refused(with_store, *list(chunks(CONTENT))[:-1]) is Reason.INCOMPLETE
    assert with_store.find(DIGEST) is None
    assert files(tmp_path) == [f"{DIGEST}.part"]


def test_longer_than_announced_is_refused(tmp_path: Path) -> None:
    extra = pb.PutRequest(chunk=pb.Chunk(offset=len(CONTENT), data=b"!"))
    assert refused(store(tmp_path), *chunks(CONTENT), extra) is Reason.TOO_LARGE


@pytest.mark.parametrize("offset", [1, MAX_CHUNK_BYTES, 2**63])
def test_a_lie_about_the_offset_is_refused(tmp_path: Path, offset: int) -> None:
    with_store = store(tmp_path)
    assert refused(with_store, pb.PutRequest(chunk=pb.Chunk(offset=offset, data=b"x"))) is Reason.WRONG_OFFSET
    assert with_store.held_bytes(DIGEST) == 0


def test_what_is_sent_twice_is_refused_and_harms_nothing(tmp_path: Path) -> None:
    with_store = store(tmp_path)
    first = next(chunks(CONTENT))
    assert refused(with_store, first, first) is Reason.WRONG_OFFSET
    assert with_store.held_bytes(DIGEST) == MAX_CHUNK_BYTES


def test_a_chunk_too_large_is_refused(tmp_path: Path) -> None:
    large = pb.PutRequest(chunk=pb.Chunk(data=CONTENT[: MAX_CHUNK_BYTES + 1]))
    assert refused(store(tmp_path), large) is Reason.TOO_LARGE


def test_an_attachment_too_large_is_refused_before_a_byte(tmp_path: Path) -> None:
    assert refused(store(tmp_path, max_bytes=len(CONTENT) - 1)) is Reason.TOO_LARGE
    assert files(tmp_path) == []


@pytest.mark.parametrize("digest", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "\n", f"/{'0' * 63}"])
def test_only_a_digest_is_an_address(tmp_path: Path, digest: str) -> None:
    assert refused(store(tmp_path), sha256=digest) is Reason.INVALID_ARGUMENT
    with pytest.raises(NodeError):
        store(tmp_path).get(digest)


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "a/b", "a\\b", "C:x", "a\0b", "a\nb", ".hidden", "x ", "长" * 67, "\u202egpj.exe"]
)
def test_a_name_is_a_plain_file_name(tmp_path: Path, name: str) -> None:
    assert refused(store(tmp_path), name=name) is Reason.INVALID_FIELD


@pytest.mark.parametrize(
    "wrong",
    [
        {"officers": list(EXTRACTION.officers[:1])},
        {"officers": [EXTRACTION.officers[0]] * 2},
        {"officers": [EXTRACTION.officers[0], pb.ExtractionOfficer(name="李某")]},
        {"officers": []},
        {"place": ""},
        {"method": ""},
        {"carrier": ""},
        {"maker": ""},
        {"at_ms": 0},
        {"at_ms": EXTRACTION.at_ms + 3_600_000},  # an hour from now
    ],
    ids=str,
)
def test_an_extraction_record_is_complete(tmp_path: Path, wrong: dict[str, object]) -> None:
    said = {field.name: value for field, value in EXTRACTION.ListFields()} | wrong
    assert refused(store(tmp_path), extraction=pb.Extraction(**said)) is Reason.INVALID_FIELD


def test_two_at_once_do_not_meet(tmp_path: Path) -> None:
    with_store = store(tmp_path)
    first = store_evidence(with_store, "a", _lazy(pb.PutRequest(announcement=announcement(CONTENT)), 0))
    assert next(first).held == 0
    assert refused(with_store, *chunks(CONTENT)) is Reason.UPLOAD_UNDER_WAY
    assert next(first).attachment.sha256 == DIGEST
    assert send(with_store).sha256 == DIGEST


def test_a_caller_who_is_gone_holds_nothing(tmp_path: Path) -> None:
    with_store = store(tmp_path)
    gone = store_evidence(with_store, "a", _lazy(pb.PutRequest(announcement=announcement(CONTENT)), 0))
    next(gone)
    del gone
    put(with_store, CONTENT)


def test_a_crash_between_name_and_row_is_made_good(tmp_path: Path) -> None:
    with_store = store(tmp_path)
    (tmp_path / "evidence" / DIGEST).write_bytes(CONTENT)
    assert with_store.find(DIGEST) is None
    assert send(with_store).sha256 == DIGEST  # nothing is sent again, all is checked again
    assert files(tmp_path) == [DIGEST]


def test_a_wrong_file_under_a_right_name_is_not_believed(tmp_path: Path) -> None:
    with_store = store(tmp_path)
    (tmp_path / "evidence" / DIGEST).write_bytes(CONTENT[:-1] + b"!")
    assert refused(with_store) is Reason.WRONG_DIGEST
    assert files(tmp_path) == []


def test_a_lost_file_is_not_held_and_may_be_put_again(tmp_path: Path) -> None:
    with_store = store(tmp_path)
    put(with_store, CONTENT)
    (tmp_path / "evidence" / DIGEST).unlink()
    assert with_store.find(DIGEST) is None
    put(with_store, CONTENT)
    assert b"".join(with_store.read(DIGEST, 0)) == CONTENT


def test_old_parts_are_thrown_away(tmp_path: Path) -> None:
    refused(store(tmp_path), *list(chunks(CONTENT))[:1])
    part = tmp_path / "evidence" / f"{DIGEST}.part"
    os.utime(part, (0, time.time() - 8 * 24 * 3600))
    store(tmp_path)
    assert files(tmp_path) == []


def test_what_has_another_source_stays(tmp_path: Path) -> None:
    with_store = store(tmp_path)
    put(with_store, CONTENT)
    with_store.note(pb.Attachment(sha256=DIGEST), Source("sync", "hefei-3"))
    with_store.forget(DIGEST, "hefei-3")
    assert with_store.get(DIGEST).handed_in
    assert with_store.fetched() == []


def test_naming_what_came_from_a_peer_is_not_handing_it_in(tmp_path: Path) -> None:
    with_store = store(tmp_path)
    about = pb.Attachment(sha256=DIGEST, size=len(CONTENT), name="x")
    with with_store.receiving(DIGEST, len(CONTENT)) as part:
        for message in chunks(CONTENT):
            part.write(message.chunk.offset, message.chunk.data)
        with_store.keep(part, about, Source("sync", "hefei-3"))
    assert refused(with_store) is Reason.INCOMPLETE
    assert not with_store.get(DIGEST).handed_in
    put(with_store, CONTENT)
    assert with_store.get(DIGEST).handed_in


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "small", 3 * 2**20) as folder:
        yield folder


def test_no_room_is_said_at_once(small: Path) -> None:
    assert refused(store(small), size=4 * 2**20) is Reason.STORAGE_FULL
    assert files(small) == []


def test_a_disk_that_fills_on_the_way_keeps_nothing_half(small: Path) -> None:
    with_store = store(small)

    def filling() -> Iterator[pb.PutRequest]:
        yield pb.PutRequest(announcement=announcement(CONTENT))
        for number, message in enumerate(chunks(CONTENT)):
            if number == 2:
                fill(small / "ballast")
            yield message

    with pytest.raises(NodeError) as caught:
        list(store_evidence(with_store, "a", filling()))
    assert caught.value.reason is Reason.STORAGE_FULL
    assert files(small) == []
    (small / "ballast").unlink()
    put(with_store, CONTENT)
