"""Proofs: one record, shown to stand in a city's signed log; and the JSON file in which a proof travels.

The file holds everything but the key: docs/proof-format.md. It has exactly one form for what it says (strict base64,
no unknown or doubled keys), and its readable part must say what the proven bytes say.
"""

import base64
import binascii
import json
from collections.abc import Iterable
from typing import Any, NamedTuple, NoReturn

from google.protobuf.json_format import MessageToDict

from node.core.log.body import read_body
from node.core.log.checkpoint import Checkpoint, LogKey, log_name
from node.core.log.cosignature import Cosignature, Cosigned, WitnessKey, open_cosigned
from node.core.log.merkle import verify_inclusion
from node.core.log.record import MAX_FACETS, Record
from node.core.log.run import cut, open_run
from node.errors import NodeError, Reason
from node.messages import _
from node.stubs.query.v1.query_pb2 import Proof, Standing
from node.stubs.record.v1.record_pb2 import Column, Header, Run

FORMAT = "gongzhi-proof"
VERSION = 2
MAX_FILE_BYTES = 4 * 1024 * 1024
_MAX_INCLUSION = 64
_MAX_ALSO = 64
_READABLE_NOTE = "For people only. What is proven is in `view`; check-proof decodes it anew."


class Proven(NamedTuple):
    """What a proof proves: the city signed a log of `checkpoint.size` records in which this one stands.

    Each of `cosignatures` is another city's word that it verified that log, or another state of it in which the record
    stands; one a witness.
    """

    header: Header
    facets: frozenset[int]
    withheld: frozenset[int]
    body: dict[str, Any]
    checkpoint: Checkpoint
    cosignatures: tuple[Cosignature, ...] = ()


def verify_proof(proof: Proof, keys: Iterable[LogKey], witnesses: Iterable[WitnessKey] = (), least: int = 0) -> Proven:
    """Checks a proof against the pinned log keys of its city and the pinned witnesses, and nothing else.

    Args:
        proof: As parsed.
        keys: Pinned log keys of the city.
        witnesses: Pinned witness keys of the other cities; lines of any other key count for nothing.
        least: So many witnesses must have cosigned a checkpoint under which the record is proven.

    Raises:
        NodeError: BAD_COMMITMENT, WRONG_CITY, WRONG_RECORD_ID, UNKNOWN_LOG_KEY, BAD_SIGNATURE, BAD_CHECKPOINT,
            BAD_INCLUSION or TOO_FEW_WITNESSES: what does not hold.
    """
    # 1. The view is of one record of this city, in its one form, and hashes to a leaf.
    record = open_proven(proof)
    header = record.header
    if proof.id != header.id:
        raise NodeError(
            Reason.WRONG_RECORD_ID,
            _("the proof states the id {stated!r}, but its record is {id!r}", id=header.id, stated=proof.id[:80]),
        )
    pinned, known = list(keys), list(witnesses)
    opened: list[Cosigned] = []
    for standing in (Standing(inclusion=proof.inclusion, checkpoint=proof.checkpoint), *proof.also):
        # 2. A pinned key of the city signed the checkpoint; every cosignature under a pinned key holds.
        cosigned = open_cosigned(standing.checkpoint, log_name(proof.city), pinned, known)
        # 3. The leaf stands at its index in the signed tree.
        tree = cosigned.checkpoint
        verify_inclusion(record.leaf_hash, proof.leaf_index, tree.size, standing.inclusion, tree.root)
        opened.append(cosigned)
    # 4. Enough witnesses verified such a tree.
    checkpoint, cosignatures = opened[0].joined(
        cosignature for other in opened[1:] for cosignature in other.cosignatures
    )
    if len(cosignatures) < least:
        raise NodeError(
            Reason.TOO_FEW_WITNESSES,
            _("only {count} witnesses cosigned; {least} are required", count=len(cosignatures), least=least),
        )
    shown = record.disclosed
    withheld = frozenset(range(1, header.facets + 1)) - shown
    return Proven(header, shown, withheld, _decode_body(record), checkpoint, cosignatures)


def open_proven(proof: Proof) -> Record:
    """The record that a proof is of, hashed as a receiver does: it has a form, and is not yet proven.

    Raises:
        NodeError: BAD_COMMITMENT, WRONG_CITY or WRONG_RECORD_ID.
    """
    run = open_run(proof.view.SerializeToString(), proof.leaf_index, proof.city)
    if run.shared is None:
        raise NodeError(Reason.BAD_COMMITMENT, _("the proof is of a record that is withheld entirely"))
    if run.stored.length != 1:
        raise NodeError(Reason.BAD_COMMITMENT, _("the proof is of {count} records", count=run.stored.length))
    return cut(run.stored)[0]


def format_proof(proof: Proof) -> str:
    """The JSON file of a proof."""
    return json.dumps(_to_plain(proof), ensure_ascii=False, indent=1) + "\n"


def parse_proof(text: str) -> Proof:
    """Reads a proof file, without checking the proof.

    Raises:
        NodeError: INVALID_ARGUMENT, not a proof file, or its readable part does not say what its view says;
            BAD_COMMITMENT, WRONG_CITY or WRONG_RECORD_ID, its view is of no record, or of none at this place.
    """
    try:
        plain = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise NodeError(Reason.INVALID_ARGUMENT, _("not a proof file: {error}", error=type(error).__name__)) from None
    also = _pop_also(plain)
    _check_keys(plain, {"format", "version", "city", "leaf_index", "view", "inclusion", "checkpoint", "readable"})
    if (plain["format"], plain["version"]) != (FORMAT, VERSION) or type(plain["version"]) is not int:
        _refuse(_("not {FORMAT} version {VERSION}", FORMAT=FORMAT, VERSION=VERSION))
    city, leaf_index = _text(plain["city"], "city"), plain["leaf_index"]
    if type(leaf_index) is not int or not 0 <= leaf_index < 1 << 63:
        _refuse(_("leaf_index is not a leaf number"))
    proof = Proof(
        id=f"{city}-{leaf_index}",
        city=city,
        leaf_index=leaf_index,
        view=_parse_view(plain["view"]),
        inclusion=_inclusion(plain),
        checkpoint=_note(plain["checkpoint"]),
        also=[_parse_standing(standing) for standing in also],
    )
    if plain["readable"] != _readable(open_proven(proof)):
        _refuse(_("its readable part differs from its view"))
    return proof


def _pop_also(plain: Any) -> list[Any]:
    """Takes the further checkpoints out: where there are none, the file does not speak of them."""
    if not isinstance(plain, dict) or "also" not in plain:
        return []
    return _list(plain.pop("also"), _MAX_ALSO, "also") or _refuse(_("also is empty"))


def _parse_standing(plain: Any) -> Standing:
    _check_keys(plain, {"checkpoint", "inclusion"})
    return Standing(inclusion=_inclusion(plain), checkpoint=_note(plain["checkpoint"]))


def _inclusion(plain: dict[str, Any]) -> list[bytes]:
    return [_bytes(node, "inclusion") for node in _list(plain["inclusion"], _MAX_INCLUSION, "inclusion")]


def _to_plain(proof: Proof) -> dict[str, Any]:
    readable = _readable(open_proven(proof))
    also = [
        {"checkpoint": standing.checkpoint.decode(), "inclusion": [_b64(hash_) for hash_ in standing.inclusion]}
        for standing in proof.also
    ]
    return {
        "format": FORMAT,
        "version": VERSION,
        "city": proof.city,
        "leaf_index": proof.leaf_index,
        "view": {
            "common": _b64(proof.view.common),
            "own": _b64(proof.view.own[0]),
            "facets": [_facet(column) for column in proof.view.columns],
        },
        "inclusion": [_b64(node) for node in proof.inclusion],
        "checkpoint": proof.checkpoint.decode(),
        **({"also": also} if also else {}),
        "readable": readable,
    }


def _facet(column: Column) -> dict[str, str]:
    if column.commitments:
        return {"commitment": _b64(column.commitments[0])}
    return {"opening": _b64(column.openings[0])}


def _readable(record: Record) -> dict[str, Any]:
    plain_header = MessageToDict(record.header, preserving_proto_field_name=True)
    return {"note": _READABLE_NOTE, "header": plain_header, "body": _decode_body(record)}


def _decode_body(record: Record) -> dict[str, Any]:
    """The fields that a record discloses; none where this node does not know the standard."""
    try:
        body = read_body(record)
    except NodeError:
        return {}
    return MessageToDict(body, preserving_proto_field_name=True)


def _parse_view(plain: Any) -> Run:
    _check_keys(plain, {"common", "own", "facets"})
    columns = [_parse_facet(facet) for facet in _list(plain["facets"], MAX_FACETS, "facets")]
    return Run(common=_bytes(plain["common"], "common"), own=[_bytes(plain["own"], "own")], columns=columns)


def _parse_facet(plain: Any) -> Column:
    if isinstance(plain, dict) and "commitment" in plain:
        _check_keys(plain, {"commitment"})
        return Column(commitments=[_bytes(plain["commitment"], "commitment")])
    _check_keys(plain, {"opening"})
    return Column(openings=[_bytes(plain["opening"], "opening")])


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(value: Any, name: str) -> bytes:
    text = _text(value, name)
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        _refuse(_("{name} is not base64", name=name))
    if _b64(data) != text:  # bits that no byte uses
        _refuse(_("{name} is not base64", name=name))
    return data


def _note(value: Any) -> bytes:
    """A signed note: nobody signs how its signatures are written, so their base64 has one form too."""
    text = _text(value, "checkpoint")
    for line in text.rpartition("\n\n")[2].splitlines():
        _bytes(line.rpartition(" ")[2], "a signature of the checkpoint")
    return text.encode()


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str) or not (value.isprintable() or name == "checkpoint"):
        _refuse(_("{name} is not a text", name=name))
    try:
        value.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        _refuse(_("{name} is not a text", name=name))
    return value


def _list(value: Any, most: int, name: str) -> list[Any]:
    if not isinstance(value, list) or len(value) > most:
        _refuse(_("{name} is not a list of at most {most} entries", name=name, most=most))
    return value


def _check_keys(plain: Any, keys: set[str]) -> None:
    if not isinstance(plain, dict) or plain.keys() != keys:
        _refuse(_("not an object with exactly {keys}", keys=sorted(keys)))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _refuse(message: str) -> NoReturn:
    raise NodeError(Reason.INVALID_ARGUMENT, _("not a proof file: {message}", message=message))
