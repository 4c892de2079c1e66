"""Proofs in a log whose city is honest, and is not: tests/vectors/proofs.json.

`python -m tests.kit.samples.proof_vectors` makes it anew.
"""

import base64
import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import DecodeError
from nacl.signing import SigningKey

from node.core.log.checkpoint import LogKey, format_checkpoint, format_vkey, log_name
from node.core.log.merkle import inclusion_proof
from node.core.log.proof import _READABLE_NOTE
from node.core.log.record import commit, header_of, share_common
from node.errors import NodeError
from node.stubs.record.v1.record_pb2 import Common, Own
from tests.kit.simulator.memory_log import root

PATH = Path(__file__).parents[2] / "vectors" / "proofs.json"
CITY = "changsha"
SIGNING = SigningKey(bytes([7]) * 32)
KEY = LogKey(log_name(CITY), bytes(SIGNING.verify_key))
COMMON = Common(
    standard="test.vector", version=1, city=CITY, issued_at_ms=1_790_000_000_000, audience=["all"],
    purpose="verification", legal_basis="b", as_of_ms=1_790_000_000_000, source="registry", facets=2,
)  # fmt: skip
SUBJECT = "uscc:914300007121944054"
BODIES = (b"\x0a\x04open", b"\x12\x06hidden")
SALTS = (sha256(b"salt 1").digest()[:16], sha256(b"salt 2").digest()[:16])
# A commitment that the city chose: 32 bytes that are a field of own.
SMUGGLED = Own(subjects=["uscc:91430100MA4L000000-000000"]).SerializeToString()

View = dict[str, Any]


def view(common: bytes, own: bytes, *facets: Mapping[str, bytes]) -> View:
    return {"common": common, "own": own, "facets": list(facets)}


def opening(number: int) -> dict[str, bytes]:
    return {"opening": SALTS[number - 1] + BODIES[number - 1]}


def withheld(number: int) -> dict[str, bytes]:
    return {"commitment": commit(number, SALTS[number - 1] + BODIES[number - 1])}


def leaf(common: bytes, own: bytes, facets: list[Mapping[str, bytes]]) -> bytes:
    """The leaf hash by its definition, of whatever bytes."""
    commitments = [
        facet["commitment"] if "commitment" in facet else commit(number, facet["opening"])
        for number, facet in enumerate(facets, 1)
    ]
    return sha256(b"".join((b"\0", sha256(common).digest(), *commitments, own))).digest()


def common_of(**fields: Any) -> bytes:
    common = Common()
    common.CopyFrom(COMMON)
    for name, value in fields.items():
        setattr(common, name, value)
    return common.SerializeToString(deterministic=True)


SHARED = common_of()
OWN = Own(subjects=[SUBJECT]).SerializeToString()
LATER = Own(subjects=[SUBJECT], valid_from_ms=-1, supersedes=1).SerializeToString()
ACCEPT: dict[str, View] = {
    "open": view(SHARED, OWN, opening(1), opening(2)),
    "one facet withheld": view(SHARED, OWN, opening(1), withheld(2)),
    "a commitment that reads as own": view(SHARED, OWN, opening(1), {"commitment": SMUGGLED}),
    "an empty facet": view(SHARED, OWN, opening(1), {"opening": SALTS[1]}),
    "no facet": view(common_of(facets=0), OWN),
    "sixteen facets": view(common_of(facets=16), OWN, *[{"commitment": bytes([each]) * 32} for each in range(16)]),
    "no own": view(SHARED, b"", opening(1), opening(2)),
    "an empty subject, and one twice": view(SHARED, b"\x0a\x00\x0a\x01s\x0a\x01s", opening(1), opening(2)),
    "it replaces the first record": view(SHARED, LATER, opening(1), opening(2)),
    "an own that begins as a commitment": view(SHARED, SMUGGLED + OWN, opening(1), opening(2)),
}
# Of each: why, and a view whose leaf the city put into its tree and signed.
SIGNED: dict[str, tuple[str, View]] = {
    "the last commitment moved into own": (
        "the leaf is that of `a commitment that reads as own`; common states two facets",
        view(SHARED, SMUGGLED + OWN, opening(1)),
    ),
    "own cut into one more facet": (
        "the leaf is that of `an own that begins as a commitment`; common states two facets",
        view(SHARED, OWN, opening(1), opening(2), {"commitment": SMUGGLED}),
    ),
    "every commitment moved into own": (
        "common states two facets",
        view(SHARED, withheld(1)["commitment"] + withheld(2)["commitment"] + OWN),
    ),
    "own of an unknown field": ("field 6", view(SHARED, OWN + b"\x32\x01x", opening(1), opening(2))),
    "own of an unknown group": ("wire type 3", view(SHARED, OWN + b"\x33\x34", opening(1), opening(2))),
    "own that breaks off": ("a tag alone", view(SHARED, b"\x0a", opening(1), opening(2))),
    "own whose text breaks off": ("5 bytes stated, 1 there", view(SHARED, b"\x0a\x05x", opening(1), opening(2))),
    "own of another wire type": ("valid_from_ms as text", view(SHARED, b"\x12\x01\x05", opening(1), opening(2))),
    "own with a long length": ("a varint not minimal", view(SHARED, b"\x0a\x81\x00s", opening(1), opening(2))),
    "own with a long number": ("a varint not minimal", view(SHARED, b"\x10\x85\x00", opening(1), opening(2))),
    "own with a long tag": ("a varint not minimal", view(SHARED, b"\x8a\x00\x01s", opening(1), opening(2))),
    "own with too large a number": (
        "eleven bytes of varint",
        view(SHARED, b"\x10" + b"\xff" * 10 + b"\x01", opening(1), opening(2)),
    ),
    "own with a number beyond 64 bits": (
        "2 to the power of 64",
        view(SHARED, b"\x10" + b"\x80" * 9 + b"\x02", opening(1), opening(2)),
    ),
    "own with a default stated": ("valid_from_ms = 0", view(SHARED, b"\x10\x00", opening(1), opening(2))),
    "own with a field doubled": ("valid_from_ms twice", view(SHARED, b"\x10\x05\x10\x06", opening(1), opening(2))),
    "own out of order": ("valid_from_ms before a subject", view(SHARED, b"\x10\x05" + OWN, opening(1), opening(2))),
    "own that is no UTF-8": ("a byte ff", view(SHARED, b"\x0a\x01\xff", opening(1), opening(2))),
    "own with half of a surrogate pair": (
        "U+D800",
        view(SHARED, b"\x0a\x03\xed\xa0\x80", opening(1), opening(2)),
    ),
    "common of an unknown field": ("field 11", view(SHARED + b"\x5a\x01x", OWN, opening(1), opening(2))),
    "common with facets doubled": ("facets = 2 twice", view(SHARED + b"\x50\x02", OWN, opening(1), opening(2))),
    "common with a long number": ("a varint not minimal", view(SHARED[:-1] + b"\x82\x00", OWN, opening(1), opening(2))),
    "common out of order": ("facets first", view(SHARED[-2:] + SHARED[:-2], OWN, opening(1), opening(2))),
    "common with too large a version": (
        "2 to the power of 32, which some read as 0",
        view(SHARED.replace(b"\x10\x01\x1a", b"\x10\x80\x80\x80\x80\x10\x1a", 1), OWN, opening(1), opening(2)),
    ),
    "common of another city": ("hefei", view(common_of(city="hefei"), OWN, opening(1), opening(2))),
    "common of no city": ("no field 3", view(common_of(city=""), OWN, opening(1), opening(2))),
    "common too long": ("17 KiB", view(common_of(source="s" * 17 * 1024), OWN, opening(1), opening(2))),
    "seventeen facets": (
        "at most 16",
        view(common_of(facets=17), OWN, *[{"commitment": bytes([each]) * 32} for each in range(17)]),
    ),
    "a facet left out": ("common states two facets", view(SHARED, OWN, opening(1))),
    "an opening without a whole salt": ("15 bytes", view(SHARED, OWN, opening(1), {"opening": SALTS[1][:15]})),
    "a short commitment": ("31 bytes", view(SHARED, OWN, opening(1), {"commitment": bytes(31)})),
    "a commitment that takes the first byte of own": (
        "33 bytes, under the leaf of `one facet withheld`",
        view(SHARED, OWN[1:], opening(1), {"commitment": withheld(2)["commitment"] + OWN[:1]}),
    ),
}
SIGNED["a record that replaces a later one"] = (
    "supersedes is leaf index + 1",
    view(SHARED, Own(supersedes=1000).SerializeToString(), opening(1), opening(2)),
)
SIGNED["a record that retracts a later one"] = (
    "retracts is leaf index + 1",
    view(SHARED, Own(retracts=1000).SerializeToString(), opening(1), opening(2)),
)
# Of each: why, what the city put into its tree, and what the file says.
UNSIGNED: dict[str, tuple[str, View, View]] = {
    "common of fewer facets": (
        "the last commitment moved into own and common changed to fit: another leaf, which is not in the tree",
        ACCEPT["a commitment that reads as own"],
        view(common_of(facets=1), SMUGGLED + OWN, opening(1)),
    ),
    "common of more facets": (
        "own cut into one more facet and common changed to fit: another leaf, which is not in the tree",
        ACCEPT["an own that begins as a commitment"],
        view(common_of(facets=3), OWN, opening(1), opening(2), {"commitment": SMUGGLED}),
    ),
    "facets in another order": (
        "another leaf, which is not in the tree",
        ACCEPT["open"],
        view(SHARED, OWN, opening(2), opening(1)),
    ),
    "a facet open and withheld at once": (
        "a facet is one of the two",
        ACCEPT["open"],
        view(SHARED, OWN, opening(1), opening(2) | withheld(2)),
    ),
}


def make() -> dict[str, Any]:
    signed = {**ACCEPT, **{name: each for name, (_, each) in SIGNED.items()}}
    signed |= {name: each for name, (_, each, _) in UNSIGNED.items()}
    leaves = [leaf(each["common"], each["own"], each["facets"]) for each in signed.values()]
    sign = SIGNING.sign
    note = format_checkpoint(KEY, len(leaves), root(leaves), lambda text: bytes(sign(text).signature)).decode()
    places = {name: place for place, name in enumerate(signed)}

    def node(level: int, index: int) -> bytes:
        return root(leaves[index << level : (index + 1) << level])

    def file(name: str, told: View) -> dict[str, Any]:
        inclusion = inclusion_proof(node, places[name], len(leaves))
        return {
            "format": "gongzhi-proof",
            "version": 2,
            "city": CITY,
            "leaf_index": places[name],
            "view": _encoded(told),
            "inclusion": [_base64(step) for step in inclusion],
            "checkpoint": note,
            "readable": _readable(told, places[name]),
        }

    refused = {name: {"why": why, "file": file(name, told)} for name, (why, told) in SIGNED.items()}
    refused |= {name: {"why": why, "file": file(name, told)} for name, (why, _, told) in UNSIGNED.items()}
    return {
        "key": format_vkey(KEY),
        "accept": {name: file(name, told) for name, told in ACCEPT.items()},
        "refuse": refused,
    }


def _readable(told: View, index: int) -> dict[str, Any]:
    """What a file says for people; of bytes that no library reads, nothing."""
    try:
        header = header_of(share_common(Common.FromString(told["common"])), Own.FromString(told["own"]), index)
    except (DecodeError, NodeError):
        return {"note": _READABLE_NOTE, "header": {}, "body": {}}
    return {"note": _READABLE_NOTE, "header": MessageToDict(header, preserving_proto_field_name=True), "body": {}}


def _encoded(value: Any) -> Any:
    if isinstance(value, bytes):
        return _base64(value)
    if isinstance(value, list):
        return [_encoded(each) for each in value]
    return {key: _encoded(each) for key, each in value.items()}


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


if __name__ == "__main__":
    PATH.write_text(json.dumps(make(), ensure_ascii=False, indent=1) + "\n", "utf-8")
