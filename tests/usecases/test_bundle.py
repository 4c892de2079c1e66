"""A bundle holds as it was packed, and nothing else does."""

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from node.core.manifest import MANIFEST
from node.core.record import disclosed_facets
from node.errors import NodeError, Reason
from node.query.v1.query_pb2 import Proof
from node.usecases.check_bundle import check_bundle
from node.usecases.pack_evidence import hide_identity, make_manifest, pack
from node.usecases.prove import prove
from node.usecases.read_evidence import show_case
from tests.casework.desks import audience_view
from tests.cities import PURPOSE, City
from tests.evidence import CONTENT, digest_of, following, put, record, referring, store

LETTER = "移送函".encode() * 100


class Case:
    """A referral with its evidence, a letter that followed, and the bundle of both."""

    def __init__(self, folder: Path) -> None:
        self.city = City(folder, "changsha")
        self.held = store(folder)
        put(self.held, CONTENT)
        put(self.held, LETTER, name="函.pdf", extraction=None)
        self.case = record(self.city, referring(CONTENT))
        self.later = record(self.city, following(self.case, LETTER))
        record(self.city, referring(b"another case"))
        self.bundle = folder / "case.zip"
        self.pack()

    def pack(self) -> None:
        found = show_case(self.city.store, self.held, self.case, PURPOSE)
        self.manifest = make_manifest(self.case, found)
        self.proofs = [prove(self.city.store, each, PURPOSE) for each in found.records]
        for proof in self.proofs:
            hide_identity(proof)
        pack(self.bundle, self.manifest, self.proofs, lambda digest: self.held.read(digest, 0))

    def check(self, bundle: Path | None = None) -> object:
        keys = {"changsha": [self.city.key]}
        return check_bundle(bundle or self.bundle, lambda city: keys.get(city, []))

    def altered(self, alter: Callable[[dict[str, bytes]], None]) -> Path:
        """A bundle of the same form whose content was altered."""
        with zipfile.ZipFile(self.bundle) as archive:
            content = {name: archive.read(name) for name in archive.namelist()}
        alter(content)
        path = self.bundle.with_name("altered.zip")
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in content.items():
                archive.writestr(name, data)
        return path

    def refusal(self, bundle: Path) -> Reason:
        with pytest.raises(NodeError) as caught:
            self.check(bundle)
        return caught.value.reason


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
    assert [disclosed_facets(proof.view) for proof in case.proofs] == [frozenset({1, 2})] * 2
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


def _path(content: dict[str, bytes], text: str) -> str:
    return next(name for name in content if text in name)


def _flip(content: dict[str, bytes]) -> None:
    name = _path(content, "mp4")
    content[name] = content[name][:-1] + b"!"


def _shorten(content: dict[str, bytes]) -> None:
    content[_path(content, "mp4")] = CONTENT[:-1]


def _lengthen(content: dict[str, bytes]) -> None:
    content[_path(content, "mp4")] += b"!"


def _slip(content: dict[str, bytes]) -> None:
    content["../../../etc/cron.d/gongzhi"] = b"* * * * * root id"


def _drop(content: dict[str, bytes]) -> None:
    del content[_path(content, "pdf")]


def _drop_proof(content: dict[str, bytes]) -> None:
    del content[_path(content, "proofs/")]


def _drop_manifest(content: dict[str, bytes]) -> None:
    del content[MANIFEST]


def _alter_proof(content: dict[str, bytes]) -> None:
    name = _path(content, "proofs/")
    plain = json.loads(content[name])
    plain["leaf_index"] += 1
    content[name] = json.dumps(plain).encode()


def _swap_proofs(content: dict[str, bytes]) -> None:
    first, second = (name for name in content if name.startswith("proofs/"))
    content[first], content[second] = content[second], content[first]


@pytest.mark.parametrize(
    ("alter", "reason"),
    [
        (_flip, Reason.WRONG_DIGEST),
        (_shorten, Reason.WRONG_DIGEST),
        (_lengthen, Reason.WRONG_DIGEST),
        (_slip, Reason.INVALID_ARGUMENT),
        (_drop, Reason.INVALID_ARGUMENT),
        (_drop_proof, Reason.INVALID_ARGUMENT),
        (_drop_manifest, Reason.INVALID_ARGUMENT),
        (_alter_proof, Reason.WRONG_RECORD_ID),
        (_swap_proofs, Reason.WRONG_RECORD_ID),
    ],
)
def test_an_altered_bundle_does_not_hold(case: Case, alter: Callable[[dict[str, bytes]], None], reason: Reason) -> None:
    assert case.check(case.altered(lambda content: None)) == case.manifest
    assert case.refusal(case.altered(alter)) is reason


def _manifest(alter: Callable[[dict[str, Any]], object]) -> Callable[[dict[str, bytes]], None]:
    def apply(content: dict[str, bytes]) -> None:
        plain = json.loads(content[MANIFEST])
        before = plain["files"][0]
        path = f"files/{before['sha256']}/{before['name']}"
        alter(plain)
        after = plain["files"][0] if plain["files"] else before
        if f"files/{after['sha256']}/{after['name']}" != path:
            content[f"files/{after['sha256']}/{after['name']}"] = content.pop(path)
        content[MANIFEST] = json.dumps(plain).encode()

    return apply


def _set(key: str, value: object) -> Callable[[dict[str, bytes]], None]:
    return _manifest(lambda plain: plain["files"][0].update({key: value}))


@pytest.mark.parametrize(
    ("alter", "reason"),
    [
        (_set("sha256", "0" * 64), Reason.WRONG_DIGEST),
        (_set("sm3", "0" * 64), Reason.WRONG_DIGEST),
        (_set("size", 2**40), Reason.WRONG_DIGEST),
        (_set("size", -1), Reason.INVALID_ARGUMENT),
        (_set("name", "../../../../etc/passwd"), Reason.INVALID_FIELD),
        (_set("name", "a/b"), Reason.INVALID_FIELD),
        (_set("records", ["changsha-1"]), Reason.WRONG_DIGEST),
        (_set("extractions", [{"place": "x"}]), Reason.INVALID_FIELD),
        (_set("note", "x"), Reason.INVALID_ARGUMENT),
        (_manifest(lambda plain: plain.update(records=["../x"])), Reason.INVALID_ARGUMENT),
        (_manifest(lambda plain: plain["files"].append(plain["files"][0])), Reason.INVALID_ARGUMENT),
        (_manifest(lambda plain: plain.update(version=2)), Reason.INVALID_ARGUMENT),
    ],
)
def test_an_altered_manifest_does_not_hold(
    case: Case, alter: Callable[[dict[str, bytes]], None], reason: Reason
) -> None:
    assert case.refusal(case.altered(alter)) is reason


def test_a_file_left_out_of_the_manifest_is_missed(case: Case) -> None:
    def leave_out(content: dict[str, bytes]) -> None:
        plain = json.loads(content[MANIFEST])
        gone = plain["files"].pop()
        del content[f"files/{gone['sha256']}/{gone['name']}"]
        content[MANIFEST] = json.dumps(plain).encode()

    assert case.refusal(case.altered(leave_out)) is Reason.WRONG_DIGEST


def test_a_city_that_is_not_pinned_proves_nothing(case: Case) -> None:
    with pytest.raises(NodeError) as caught:
        check_bundle(case.bundle, lambda _: [])
    assert caught.value.reason is Reason.UNKNOWN_LOG_KEY


@pytest.mark.parametrize("cut", [0, 10, 2000, -10])
def test_what_is_no_zip_is_told(case: Case, tmp_path: Path, cut: int) -> None:
    path = tmp_path / "cut.zip"
    shutil.copy(case.bundle, path)
    path.write_bytes(path.read_bytes()[: cut or None] if cut else b"")
    assert case.refusal(path) is Reason.INVALID_ARGUMENT
    assert case.refusal(tmp_path) is Reason.INVALID_ARGUMENT


def test_a_name_that_stands_twice_is_refused(case: Case, tmp_path: Path) -> None:
    path = tmp_path / "twice.zip"
    shutil.copy(case.bundle, path)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr(MANIFEST, "{}")
    assert case.refusal(path) is Reason.INVALID_ARGUMENT


@pytest.mark.parametrize("seed", range(40))
def test_no_flipped_byte_passes_or_crashes(case: Case, tmp_path: Path, seed: int) -> None:
    """Anywhere in the file: what still holds is, byte for byte, what was packed."""
    content = bytearray(case.bundle.read_bytes())
    rest = len(content) - len(CONTENT)
    spot = Random(seed).randrange(rest)  # rather in names, sizes and proofs than in the middle of the video
    content[spot if spot < rest // 2 else spot + len(CONTENT)] ^= 1 << seed % 8
    path = tmp_path / "flipped.zip"
    path.write_bytes(content)
    try:
        assert case.check(path) == case.manifest
    except NodeError:
        return


def test_a_bomb_is_not_unpacked(case: Case, tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MANIFEST, bytes(64 * 2**20))
    assert case.refusal(path) is Reason.WRONG_DIGEST


def test_a_proof_in_it_is_a_proof_file(case: Case) -> None:
    from node.core.proof import parse_proof, verify_proof

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
