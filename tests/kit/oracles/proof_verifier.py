"""Verifies proof files from docs/proof-format.md alone: the standard library and PyNaCl, nothing of the node.

What it refuses it refuses with `ValueError`; whatever else it raises is a fault of the page or of this program.
"""

import base64
import json
from hashlib import sha256
from typing import Any

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

# Header fields: number -> is text (else a varint), may be repeated, bits.
TEXTS, REPEATED = {1, 2, 4, 5, 9, 10, 11, 12, 13, 15}, {5, 11}
NUMBERS = {3: 32, 6: 64, 7: 64, 8: 64, 14: 64, 16: 32}


def require(holds: bool, why: str) -> None:
    if not holds:
        raise ValueError(why)


def unbase64(text: str) -> bytes:
    data = base64.b64decode(text, validate=True)
    require(base64.b64encode(data).decode() == text, "base64 is not canonical")
    return data


def parse_header(data: bytes) -> dict[int, Any]:
    """The fields of a header in its one form."""
    found: dict[int, Any] = {}
    at = last = 0
    while at < len(data):
        tag, at = varint(data, at)
        number, kind = tag >> 3, tag & 7
        require(number > last or (number == last and number in REPEATED), "fields out of order or doubled")
        last = number
        if number in TEXTS and kind == 2:
            length, at = varint(data, at)
            require(length <= len(data) - at, "breaks off")
            text = data[at : at + length].decode()
            at += length
            require(bool(text) or number in REPEATED, "a default is stated")
            found[number] = [*found.get(number, []), text] if number in REPEATED else text
        else:
            require(number in NUMBERS and kind == 0, "unknown field")
            found[number], at = varint(data, at)
            require(0 < found[number] < 1 << NUMBERS[number], "a default is stated, or too large")
    return found


def varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for count in range(10):
        require(at < len(data), "breaks off")
        byte, at = data[at], at + 1
        value |= (byte & 127) << 7 * count
        if byte < 128:
            require((byte > 0 or count == 0) and value < 1 << 64, "varint is not minimal")
            return value, at
    raise ValueError("varint too long")


def leaf_of(view: dict[str, Any], city: str, index: int) -> bytes:
    header = unbase64(view["header"])
    fields, commitments = parse_header(header), []
    require(fields.get(1) == f"{city}-{index}" and fields.get(4) == city, "another record")
    require(fields.get(16, 0) == len(view["facets"]) <= 16, "facets are missing")
    for number, facet in enumerate(view["facets"], 1):
        if set(facet) == {"commitment"}:
            commitments.append(unbase64(facet["commitment"]))
            require(len(commitments[-1]) == 32, "a commitment has 32 bytes")
        else:
            require(set(facet) == {"salt", "body"}, "neither open nor withheld")
            salt, body = unbase64(facet["salt"]), unbase64(facet["body"])
            require(len(salt) == 16, "a salt has 16 bytes")
            commitments.append(sha256(b"gongzhi.facet.v1" + number.to_bytes(4, "big") + salt + body).digest())
    return sha256(b"\x00" + header + b"".join(commitments)).digest()


def open_note(note: str, city: str, keys: list[str], witnesses: list[str]) -> tuple[int, bytes, set[str]]:
    """Size, root and the witnesses of a checkpoint that a pinned key signed once, and no key wrongly."""
    text, _, lines = note.rpartition("\n\n")
    name, size, root, *_ = text.split("\n")
    require(name == f"{city}.gongzhi.internal/log" and str(int(size)) == size and note.endswith("\n"), "no checkpoint")
    pinned = {tuple(key.split("+")[:2]): unbase64(key.split("+", 2)[2]) for key in (*keys, *witnesses)}
    signed, cosigned = set[str](), set[str]()
    for line in lines.removesuffix("\n").split("\n"):
        dash, signer, encoded = line.split(" ")
        blob = unbase64(encoded)
        material = pinned.get((signer, blob[:4].hex()))
        require(dash == "—", "no signature line")
        if material is None:
            continue
        message, signature = (text + "\n").encode(), blob[4:]
        if material[0] == 4:  # tlog-cosignature: eight bytes of time before the signature
            message = f"cosignature/v1\ntime {int.from_bytes(blob[4:12], 'big')}\n".encode() + message
            signature = blob[12:]
        try:
            VerifyKey(material[1:]).verify(message, signature)
        except (BadSignatureError, ValueError):
            raise ValueError("a signature does not hold") from None
        (signed if material[0] == 1 else cosigned).add(signer)
    require(bool(signed), "no pinned key signed it")
    return int(size), unbase64(root), cosigned


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def check_inclusion(leaf: bytes, index: int, size: int, proof: list[bytes], root: bytes) -> None:
    """RFC 9162, 2.1.3.2."""
    require(0 <= index < size, "no such leaf")
    fn, sn, found = index, size - 1, leaf
    for each in proof:
        require(sn > 0, "the proof is too long")
        if fn & 1 or fn == sn:
            found = node_hash(each, found)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            found = node_hash(found, each)
        fn, sn = fn >> 1, sn >> 1
    require(sn == 0 and found == root, "the leaf is not in the signed tree")


def check_consistency(first: int, second: int, proof: list[bytes], old: bytes, new: bytes) -> None:
    """RFC 9162, 2.1.4.2."""
    require(0 < first <= second, "sizes")
    if first == second:
        require(not proof and old == new, "two roots of one size")
        return
    hashes = proof if first & (first - 1) else [old, *proof]
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    require(bool(hashes), "no proof")
    fr = sr = hashes[0]
    for each in hashes[1:]:
        require(sn > 0, "the proof is too long")
        if fn & 1 or fn == sn:
            fr, sr = node_hash(each, fr), node_hash(each, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node_hash(sr, each)
        fn, sn = fn >> 1, sn >> 1
    require(sn == 0 and (fr, sr) == (old, new), "not consistent")


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    require(len(dict(pairs)) == len(pairs), "a key is given twice")
    return dict(pairs)


def check_proof(text: str, keys: list[str], witnesses: list[str]) -> set[str]:
    """The witnesses that vouch for a record that is proven."""
    file = json.loads(text, object_pairs_hook=unique)
    keys_due = {"format", "version", "city", "leaf_index", "view", "inclusion", "checkpoint", "readable"}
    require(set(file) - {"also"} == keys_due and set(file["view"]) == {"header", "facets"}, "other keys")
    require((file["format"], file["version"]) == ("gongzhi-proof", 1), "another format")
    leaf, vouching = leaf_of(file["view"], file["city"], file["leaf_index"]), set[str]()
    for standing in (file, *file.get("also", [])):
        size, root, cosigned = open_note(standing["checkpoint"], file["city"], keys, witnesses)
        check_inclusion(leaf, file["leaf_index"], size, [unbase64(each) for each in standing["inclusion"]], root)
        vouching |= cosigned
    return vouching


def check_fork(text: str, keys: list[str]) -> None:
    """Two trees of one size under the city's own signature."""
    file = json.loads(text, object_pairs_hook=unique)
    require((file["format"], file["version"]) == ("gongzhi-fork", 1), "another format")
    (first, old, _), (second, new, _) = (
        open_note(file[each], file["city"], keys, []) for each in ("smaller", "larger")
    )
    prefix = unbase64(file["prefix_root"])
    check_consistency(first, second, [unbase64(each) for each in file["consistency"]], prefix, new)
    require(prefix != old, "both may be true")
