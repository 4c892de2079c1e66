"""Checks an evidence bundle offline: manifest, proofs and every byte of every file. Nothing of it is unpacked."""

import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from node.core.log.attachment import Reference, references
from node.core.log.checkpoint import LogKey
from node.core.log.manifest import (
    MANIFEST,
    MAX_MANIFEST_BYTES,
    Manifest,
    ManifestFile,
    check_named,
    parse_manifest,
    proof_path,
)
from node.core.log.proof import MAX_FILE_BYTES, parse_proof, verify_proof
from node.core.log.run import record_of
from node.errors import FileError, NodeError, Reason
from node.folder.attachment_file import Digester
from node.messages import _
from node.usecases.evidence.pack import check_file

_READ_BYTES = 1024 * 1024
# What the standard library raises on an entry that is damaged, encrypted or of a method it does not know.
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError)


def check_bundle(path: Path, keys_of: Callable[[str], Sequence[LogKey]]) -> Manifest:
    """The manifest of a bundle in which everything holds.

    Args:
        path: Of the bundle.
        keys_of: The pinned log keys of a city.

    Raises:
        FileError: INVALID_ARGUMENT, it cannot be read as a ZIP file.
        NodeError: INVALID_ARGUMENT or INVALID_FIELD, it is no bundle: not of the form docs/evidence.md gives, or with
            names that lead elsewhere; WRONG_DIGEST, a file or what is said of it is not what a proven record says;
            what `verify_proof` raises.
    """
    with _opened(path) as archive:
        # 1. The manifest is one, and the bundle holds what it lists, under those names and no others.
        names = [entry.filename for entry in archive.infolist()]
        if MANIFEST not in names:
            raise NodeError(Reason.INVALID_ARGUMENT, _("not an evidence bundle: {file} is missing", file=MANIFEST))
        manifest = parse_manifest(_read_small(archive, MANIFEST, MAX_MANIFEST_BYTES))
        _check_names(names, manifest)
        # 2. A pinned key proves each record; the manifest says what the records say.
        check_named(manifest, {record: _prove(archive, record, keys_of) for record in manifest.records})
        # 3. Every file has the size and both digests.
        for file in manifest.files:
            _check_bytes(archive, file)
    return manifest


def _check_names(names: list[str], manifest: Manifest) -> None:
    if len(set(names)) != len(names):
        raise NodeError(Reason.INVALID_ARGUMENT, _("not an evidence bundle: it contains the same file name twice"))
    due = set(manifest.paths())
    for name in due ^ set(names):
        what = _("is missing") if name in due else _("is not in the manifest")
        raise NodeError(
            Reason.INVALID_ARGUMENT, _("not an evidence bundle: {name!a} {what}", name=name[:120], what=what)
        )


def _prove(archive: zipfile.ZipFile, record: str, keys_of: Callable[[str], Sequence[LogKey]]) -> list[Reference]:
    proof = parse_proof(_text(_read_small(archive, proof_path(record), MAX_FILE_BYTES)))
    verify_proof(proof, keys_of(proof.city))
    if proof.id != record:
        raise NodeError(
            Reason.WRONG_RECORD_ID,
            _("the proof for {record} is of another record, {proven}", proven=proof.id, record=record),
        )
    return references(record_of(proof.view, proof.leaf_index))


def _check_bytes(archive: zipfile.ZipFile, file: ManifestFile) -> None:
    digester = Digester()
    for chunk in _bounded(archive, file.path, file.size):
        digester.update(chunk)
    check_file(file, digester.size, digester.digests())


def _read_small(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    return b"".join(_bounded(archive, name, most))


def _bounded(archive: zipfile.ZipFile, name: str, most: int) -> Iterator[bytes]:
    """What an entry unpacks to, but never more than `most` bytes whatever it says of itself."""
    try:
        with archive.open(name) as source:
            while chunk := source.read(min(_READ_BYTES, most + 1)):
                most -= len(chunk)
                if most < 0:
                    raise NodeError(
                        Reason.WRONG_DIGEST,
                        _("{name!a} is larger than the manifest or the limit allows", name=name[:120]),
                    )
                yield chunk
    except _BROKEN as error:
        raise NodeError(
            Reason.WRONG_DIGEST, _("{name!a} is damaged: {error}", name=name[:120], error=type(error).__name__)
        ) from None


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise NodeError(Reason.INVALID_ARGUMENT, _("not a proof file: not UTF-8")) from None


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except OSError as error:
        raise FileError(
            Reason.INVALID_ARGUMENT, str(path), _("cannot be read: {error}", error=error.strerror)
        ) from None
    except _BROKEN as error:
        raise FileError(
            Reason.INVALID_ARGUMENT, str(path), _("not a ZIP file: {error}", error=type(error).__name__)
        ) from None
