"""The manifest of an evidence bundle 一键举证: what is in it and which records name it. See docs/evidence.md."""

import json
from collections.abc import Iterable, Iterator
from typing import Annotated, Literal

from google.protobuf.json_format import MessageToDict, ParseDict, ParseError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from node.core.log.attachment import Digests, Reference, check_extraction, check_name
from node.core.log.record import parse_record_id
from node.errors import NodeError, Reason
from node.messages import _
from node.stubs.evidence.v1.evidence_pb2 import Attachment, Extraction

FORMAT: Literal["gongzhi-evidence"] = "gongzhi-evidence"
VERSION: Literal[1] = 1
MANIFEST = "manifest.json"
MAX_MANIFEST_BYTES = 16 * 1024 * 1024
_Hex = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ManifestFile(_Model):
    """An attachment in the bundle that `records` name; `extractions` are its 提取笔录."""

    name: str
    sha256: _Hex
    sm3: _Hex
    size: int = Field(ge=0)
    records: list[str] = Field(min_length=1)
    extractions: list[dict[str, object]]

    @property
    def path(self) -> str:
        """Its name in the bundle."""
        return f"files/{self.sha256}/{self.name}"

    @property
    def digests(self) -> Digests:
        """What its bytes must hash to."""
        return Digests(self.sha256, self.sm3)


class MissingFile(_Model):
    """An attachment that `records` name and the maker of the bundle does not hold."""

    sha256: _Hex
    records: list[str] = Field(min_length=1)


class Manifest(_Model):
    """What is in a bundle. `records` have their proofs beside it."""

    format: Literal["gongzhi-evidence"] = FORMAT
    version: Literal[1] = VERSION
    case: str
    records: list[str] = Field(min_length=1)
    files: list[ManifestFile]
    missing: list[MissingFile]

    def paths(self) -> Iterator[str]:
        """The name of everything in the bundle."""
        yield MANIFEST
        yield from map(proof_path, self.records)
        yield from (file.path for file in self.files)


def proof_path(record: str) -> str:
    """Where the proof of a record stands in the bundle."""
    return f"proofs/{record}.json"


def manifest_file(attachment: Attachment, records: Iterable[str]) -> ManifestFile:
    """The entry of an attachment."""
    return ManifestFile(
        name=attachment.name,
        sha256=attachment.sha256,
        sm3=attachment.sm3,
        size=attachment.size,
        records=list(records),
        extractions=[
            MessageToDict(extraction, preserving_proto_field_name=True) for extraction in attachment.extractions
        ],
    )


def format_manifest(manifest: Manifest) -> str:
    """The JSON of a manifest."""
    return json.dumps(manifest.model_dump(), ensure_ascii=False, indent=1) + "\n"


def parse_manifest(text: bytes) -> Manifest:
    """Reads a manifest; what it names is safe to unpack.

    Raises:
        NodeError: INVALID_ARGUMENT, not a manifest, or one that says a thing twice; INVALID_FIELD, a file name or an
            extraction record that is none.
    """
    try:
        manifest = Manifest.model_validate_json(text)
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))
        raise NodeError(
            Reason.INVALID_ARGUMENT, _("not a manifest of version {version}: {where}", version=VERSION, where=where)
        ) from None
    _check_unique(manifest.records)
    _check_unique([*(listed.sha256 for listed in manifest.files), *(missing.sha256 for missing in manifest.missing)])
    for record in manifest.records:
        parse_record_id(record)
        check_name(f"{record}.json")
    for file in manifest.files:
        check_name(file.name)
        for extraction in file.extractions:
            check_extraction(_parse_extraction(extraction))
    return manifest


def check_named(manifest: Manifest, named: dict[str, list[Reference]]) -> None:
    """Holds a manifest against what its proven records name.

    Args:
        manifest: Of the bundle.
        named: For each record, what its proof shows it to name.

    Raises:
        NodeError: WRONG_DIGEST, it names what no record does, leaves out what one does, or says otherwise of it.
    """
    listed = {(file.sha256, record) for file in manifest.files for record in file.records}
    listed |= {(missing.sha256, record) for missing in manifest.missing for record in missing.records}
    proven = {(reference.sha256, record): reference for record, references in named.items() for reference in references}
    for digest, record in listed - proven.keys():
        raise NodeError(
            Reason.WRONG_DIGEST, _("the record {record} does not name {digest}", record=record, digest=digest)
        )
    for digest, record in proven.keys() - listed:
        raise NodeError(
            Reason.WRONG_DIGEST,
            _("the manifest does not list {digest}, which the record {record} names", record=record, digest=digest),
        )
    files = {file.sha256: file for file in manifest.files}
    for (digest, record), reference in proven.items():
        if digest in files and not _agrees(reference, files[digest]):
            raise NodeError(
                Reason.WRONG_DIGEST,
                _("the record {record} and the manifest disagree about {digest}", record=record, digest=digest),
            )


def _agrees(reference: Reference, file: ManifestFile) -> bool:
    """What a record does not state of a file it leaves open."""
    return reference.sm3 in ("", file.sm3) and reference.size in (0, file.size)


def _check_unique(names: list[str]) -> None:
    if len(set(names)) != len(names):
        raise NodeError(Reason.INVALID_ARGUMENT, _("not a manifest: duplicate entry"))


def _parse_extraction(plain: dict[str, object]) -> Extraction:
    try:
        return ParseDict(plain, Extraction())
    except ParseError:
        raise NodeError(Reason.INVALID_FIELD, _("the manifest has an invalid extraction record")) from None
