"""An altered bundle does not hold."""

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from node.core.log.manifest import MANIFEST
from node.errors import NodeError, Reason
from node.usecases.evidence.check_bundle import check_bundle
from tests.kit.stores.case_bundle import Case
from tests.kit.stores.evidence import CONTENT


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case(tmp_path)


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
    plain["readable"]["header"]["id"] = f"{plain['city']}-{plain['leaf_index']}"
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
        (_alter_proof, Reason.BAD_INCLUSION),
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
