"""Packs the evidence of a case into one file 一键举证: attachments, manifest, and the proofs of the records."""

import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from node.core.log.attachment import Digests
from node.core.log.manifest import (
    MANIFEST,
    Manifest,
    ManifestFile,
    MissingFile,
    format_manifest,
    manifest_file,
    proof_path,
)
from node.core.log.proof import format_proof
from node.core.log.run import record_of
from node.core.standards import standard as standards
from node.errors import FileError, NodeError, Reason
from node.folder.attachment_file import DISK_FULL, Digester
from node.messages import _
from node.stubs.evidence.v1.evidence_pb2 import ShowCaseResponse
from node.stubs.query.v1.query_pb2 import Proof
from node.whole_file import whole_file

ReadAttachment = Callable[[str], Iterator[bytes]]
# L4: ID numbers, a complainant's or reporter's identity (order 121 Art 37).
_IDENTITY_LEVEL = 4


def make_manifest(case: str, response: ShowCaseResponse) -> Manifest:
    """The manifest of what a node holds of a case."""
    held = [attachment for attachment in response.attachments if attachment.HasField("attachment")]
    return Manifest(
        case=case,
        records=list(response.records),
        files=[manifest_file(kept.attachment, kept.records) for kept in held],
        missing=[
            MissingFile(sha256=attachment.sha256, records=list(attachment.records))
            for attachment in response.attachments
            if not attachment.HasField("attachment")
        ],
    )


def hide_identity(proof: Proof) -> None:
    """Masks the facets of level L4 in a proof, in place: a bundle changes hands, and proves the rest as well."""
    record = record_of(proof.view, proof.leaf_index)
    facets = standards.get(record.header.standard, record.header.version).facets
    identity = {facet.number for facet in facets if facet.level >= _IDENTITY_LEVEL}
    proof.view.CopyFrom(record.masked(record.disclosed - identity).run())


def pack(out: Path, manifest: Manifest, proofs: Sequence[Proof], read: ReadAttachment) -> None:
    """Writes the bundle, whole or not at all, readable by its owner alone.

    Args:
        out: File to write.
        manifest: What is to be in it.
        proofs: Of the manifest's records.
        read: The bytes of an attachment by its SHA-256; they are checked once more on their way.

    Raises:
        NodeError: WRONG_DIGEST, an attachment is not what the manifest says; what `read` met.
        FileError: STORAGE_FULL or INVALID_ARGUMENT, the file cannot be written.
    """
    try:
        with whole_file(out, mode=0o600) as file, zipfile.ZipFile(file, "w") as archive:
            _fill(archive, manifest, proofs, read)
    except OSError as error:
        reason = Reason.STORAGE_FULL if error.errno in DISK_FULL else Reason.INVALID_ARGUMENT
        raise FileError(reason, str(out), _("cannot be written: {error}", error=error.strerror)) from None


def _fill(archive: zipfile.ZipFile, manifest: Manifest, proofs: Sequence[Proof], read: ReadAttachment) -> None:
    archive.writestr(_entry(MANIFEST), format_manifest(manifest))
    for proof in proofs:
        archive.writestr(_entry(proof_path(proof.id)), format_proof(proof))
    for file in manifest.files:
        _add_file(archive, file, read(file.sha256))


def _add_file(archive: zipfile.ZipFile, file: ManifestFile, chunks: Iterator[bytes]) -> None:
    digester = Digester()
    with archive.open(_entry(file.path, file.size), "w") as target:
        for chunk in chunks:
            digester.update(chunk)
            target.write(chunk)
    check_file(file, digester.size, digester.digests())


def check_file(file: ManifestFile, size: int, digests: Digests) -> None:
    """Holds the bytes of a file against its entry.

    Raises:
        NodeError: WRONG_DIGEST.
    """
    if size != file.size:
        raise NodeError(
            Reason.WRONG_DIGEST,
            _("{name} has {size} bytes, but the manifest states {stated}", name=file.name, size=size, stated=file.size),
        )
    if digests != file.digests:
        which = "SHA-256" if digests.sha256 != file.sha256 else "SM3"
        raise NodeError(
            Reason.WRONG_DIGEST,
            _("{name} does not have the {digest} that the manifest states", name=file.name, digest=which),
        )


def _entry(path: str, size: int = 0) -> zipfile.ZipInfo:
    """Not compressed (photographs and videos are), dated as a ZIP file's first day: the same case, the same bytes."""
    entry = zipfile.ZipInfo(path)
    entry.file_size = size
    entry.external_attr = 0o600 << 16
    return entry
