"""A bundle holds as it was packed, and nothing else does."""

import zipfile
from pathlib import Path

import pytest

from node.core.log.run import record_of
from node.errors import NodeError, Reason
from node.stubs.query.v1.query_pb2 import Proof
from node.usecases.evidence.read import show_case
from tests.kit.casework.casework_city import audience_view
from tests.kit.stores.case_bundle import LETTER, Case
from tests.kit.stores.city import PURPOSE, City
from tests.kit.stores.evidence import CONTENT, digest_of, following, record, referring, store


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case(tmp_path)


def test_it_holds(case: Case) -> None:
    assert case.check() == case.manifest
    assert case.manifest.records == [case.case, case.later]
    assert {file.sha256: file.records for file in case.manifest.files} == {
        digest_of(CONTENT): [case.case],
        digest_of(LETTER): [case.later],
    }
    assert [len(file.extractions) for file in case.manifest.files] == [1, 0]
    assert case.manifest.missing == []


def test_the_files_are_there_under_their_names(case: Case, tmp_path: Path) -> None:
    with zipfile.ZipFile(case.bundle) as archive:
        archive.extractall(tmp_path / "out")
    assert (tmp_path / "out/files" / digest_of(CONTENT) / "直播回放.mp4").read_bytes() == CONTENT


def test_identity_is_masked(case: Case) -> None:
    assert [record_of(proof.view, proof.leaf_index).disclosed for proof in case.proofs] == [frozenset({1, 2})] * 2
    with zipfile.ZipFile(case.bundle) as archive:
        proofs = b"".join(archive.read(name) for name in archive.namelist() if name.startswith("proofs/"))
    assert "张某".encode() not in proofs


def test_packed_twice_is_the_same(case: Case) -> None:
    first = case.bundle.read_bytes()
    case.pack()
    assert case.bundle.read_bytes() == first
    assert case.bundle.stat().st_mode & 0o777 == 0o600


def test_what_is_not_held_is_said(case: Case) -> None:
    record(case.city, following(case.case, b"lost"))
    case.pack()
    assert [each.sha256 for each in case.manifest.missing] == [digest_of(b"lost")]
    assert case.check() == case.manifest


def test_a_damaged_attachment_is_not_packed(case: Case, tmp_path: Path) -> None:
    (tmp_path / "evidence" / digest_of(LETTER)).write_bytes(b"!" * len(LETTER))
    case.bundle.unlink()
    with pytest.raises(NodeError) as caught:
        case.pack()
    assert caught.value.reason is Reason.WRONG_DIGEST
    assert [path.name for path in tmp_path.iterdir() if "zip" in path.name] == []


def test_a_proof_in_it_is_a_proof_file(case: Case) -> None:
    from node.core.log.proof import parse_proof, verify_proof

    with zipfile.ZipFile(case.bundle) as archive:
        proof: Proof = parse_proof(archive.read(f"proofs/{case.case}.json").decode())
    assert verify_proof(proof, [case.city.key]).header.id == case.case


def test_a_case_that_another_city_opened_for_itself_alone_is_packed_from_what_is_here(tmp_path: Path) -> None:
    """A referral is drafted where others do not see it; what was sent is the first that the addressee has."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    changsha, hefei = City(tmp_path / "a", "changsha"), City(tmp_path / "b", "hefei")
    opening = record(changsha, referring(b"a draft"), "changsha")
    sent = record(changsha, following(opening, LETTER), "changsha", "hefei")
    hefei.pull(changsha, audience_view("hefei"), purpose=PURPOSE)
    found = show_case(hefei.store, store(tmp_path / "b"), opening, PURPOSE)
    assert list(found.records) == [sent]
    assert [each.sha256 for each in found.attachments] == [digest_of(LETTER)]
    for nothing in ("changsha-7", "hefei-0"):
        with pytest.raises(NodeError) as caught:
            show_case(hefei.store, store(tmp_path / "b"), nothing, PURPOSE)
        assert caught.value.reason is Reason.NOT_FOUND
