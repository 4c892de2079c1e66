"""Verifies proof files from docs/proof-format.md alone: what is not proven is a ValueError or a BadSignatureError."""

import base64
import json
from hashlib import sha256
from typing import Any

from nacl.signing import VerifyKey

LOG, TEXT, TEXTS = ".gongzhi.internal/log", 1, 2  # any other kind of field is a number below it
COMMON = {1: TEXT, 2: 1 << 32, 3: TEXT, 4: 1 << 64, 5: TEXTS, 6: TEXT, 7: TEXT, 8: 1 << 64, 9: TEXT, 10: 17}
OWN = {1: TEXTS, 2: 1 << 64, 3: 1 << 64, 4: 1 << 64, 5: 1 << 64}
PROOF = {"format", "version", "city", "leaf_index", "view", "inclusion", "checkpoint", "readable"}


def require(holds: bool, why: str) -> None:
    if not holds:
        raise ValueError(why)


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    require(len(dict(pairs)) == len(pairs), "a key stands twice")
    return dict(pairs)


def unbase64(text: str, size: int = -1) -> bytes:
    data = base64.b64decode(text, validate=True)
    require(base64.b64encode(data).decode() == text and size in {-1, len(data)}, "base64, or its length")
    return data


def varint(data: bytes, at: int) -> tuple[int, int]:
    end = next((end for end in range(at, min(at + 10, len(data))) if data[end] < 128), -1)
    value = sum((data[place] & 127) << 7 * (place - at) for place in range(at, end + 1))
    require(end >= 0 and (end == at or data[end] > 0) and value < 1 << 64, "no minimal varint")
    return value, end + 1


def parse(data: bytes, kinds: dict[int, int]) -> dict[int, Any]:
    found, at, last = dict[int, Any](), 0, 0
    while at < len(data):
        tag, at = varint(data, at)
        number, kind = tag >> 3, kinds.get(tag >> 3, 0)
        require(kind > 0 and tag & 7 == (2 if kind <= TEXTS else 0), "unknown field")
        require(number > last or (number == last and kind == TEXTS), "fields out of order or doubled")
        value, at = varint(data, at)
        fits = value <= len(data) - at if kind <= TEXTS else value < kind
        require(fits and (kind == TEXTS or value > 0), "breaks off, too large, or a default is stated")
        found[number], last = data[at : at + value].decode() if kind <= TEXTS else value, number
        at, found[-number] = at + (value if kind <= TEXTS else 0), found.get(-number, 0) + 1
    return found


def leaf_of(view: dict[str, Any], city: str, index: int) -> bytes:
    common, own, commitments = unbase64(view["common"]), unbase64(view["own"]), b""
    shared, single = parse(common, COMMON), parse(own, OWN)
    require(shared.get(3) == city and len(view) == 3 and shared.get(10, 0) == len(view["facets"]), "city, keys, facets")
    require(len(common) <= 4096 and shared.get(-5, 0) <= 128 and len(own) <= 16384, "common or own is too long")
    require(max(single.get(4, 0), single.get(5, 0)) <= index and single.get(-1, 0) <= 512, "not before it; subjects")
    for number, facet in enumerate(view["facets"], 1):
        ((how, text),) = facet.items()
        data = unbase64(text, 32 if how == "commitment" else -1)
        require(how == "commitment" or (how == "opening" and len(data) >= 16), "neither open nor withheld")
        opened = sha256(b"gongzhi.facet.v1" + number.to_bytes(4, "big") + data).digest()
        commitments += data if how == "commitment" else opened
    return sha256(b"\x00" + sha256(common).digest() + commitments + own).digest()


def open_note(note: str, log: str, keys: list[str], witnesses: list[str]) -> tuple[int, bytes, set[str]]:
    """Size, root and witnesses of a checkpoint that a pinned key signed, and no pinned key wrongly."""
    text, _, rest = note.rpartition("\n\n")
    (name, size, root), lines = text.split("\n"), [line.split(" ") for line in rest.removesuffix("\n").split("\n")]
    require(name == log and str(int(size)) == size and note.endswith("\n"), "no checkpoint")
    pinned = {tuple(key.split("+")[:2]): unbase64(key.split("+", 2)[2], 33) for key in (*keys, *witnesses)}
    blobs = {(signer, unbase64(blob)[:4].hex()): unbase64(blob)[4:] for dash, signer, blob in lines if dash == "—"}
    require(len(blobs) == len(lines) <= 100, "no signature line, or two of one key")
    signed: dict[int, set[str]] = {1: set(), 4: set()}
    for who in blobs.keys() & pinned.keys():
        kind, time = pinned[who][0], int.from_bytes(blobs[who][:8], "big")  # the time of a cosignature
        message = (f"cosignature/v1\ntime {time}\n" if kind == 4 else "") + text + "\n"
        VerifyKey(pinned[who][1:]).verify(message.encode(), blobs[who][8 if kind == 4 else 0 :])
        signed[kind].add(who[0])
    require(bool(signed[1]), "no pinned key signed it")
    return int(size), unbase64(root, 32), signed[4]


def climb(place: int, last: int, start: bytes, path: list[bytes]) -> tuple[bytes, bytes]:
    """RFC 9162, 2.1.3.2 and 2.1.4.2: the hashes that a path leads to, of what ends at `place` and of all."""
    before = whole = start
    for each in path:
        require(last > 0, "the proof is too long")
        if is_right := bool(place & 1 or place == last):
            before = sha256(b"\x01" + each + before).digest()
        whole = sha256(b"\x01" + (each + whole if is_right else whole + each)).digest()
        while is_right and place and not place & 1:
            place, last = place >> 1, last >> 1
        place, last = place >> 1, last >> 1
    require(last == 0, "the proof is too short")
    return before, whole


def check_inclusion(leaf: bytes, index: int, size: int, proof: list[bytes], root: bytes) -> None:
    require(0 <= index < size and climb(index, size - 1, leaf, proof)[1] == root, "not in the signed tree")


def check_consistency(first: int, second: int, proof: list[bytes], old: bytes, new: bytes) -> None:
    require(first > 0 and bool(proof) == (first < second) and (bool(proof) or (first, old) == (second, new)), "sizes")
    low, path = (first & -first).bit_length() - 1, proof if first & (first - 1) else [old, *proof]
    require(not proof or climb(first - 1 >> low, second - 1 >> low, path[0], path[1:]) == (old, new), "not consistent")


def check_proof(text: str, keys: list[str], witnesses: list[str]) -> set[str]:
    """The witnesses that vouch for a record that is proven."""
    file = json.loads(text, object_pairs_hook=unique)
    require(file.keys() - {"also"} == PROOF and (file["format"], file["version"]) == ("gongzhi-proof", 2), "no proof")
    leaf, vouching = leaf_of(file["view"], file["city"], file["leaf_index"]), set[str]()
    for standing in (file, *file.get("also", [])):
        size, root, cosigned = open_note(standing["checkpoint"], file["city"] + LOG, keys, witnesses)
        check_inclusion(leaf, file["leaf_index"], size, [unbase64(each, 32) for each in standing["inclusion"]], root)
        vouching |= cosigned
    return vouching


def check_fork(text: str, keys: list[str]) -> None:
    """Two trees of one size under the city's own signature."""
    file = json.loads(text, object_pairs_hook=unique)
    require((file.pop("format"), file.pop("version")) == ("gongzhi-fork", 1) and len(file) == 5, "no fork")
    notes = [open_note(file[each], file["city"] + LOG, keys, []) for each in ("smaller", "larger")]
    (first, old, _), (second, new, _) = notes
    prefix, *steps = [unbase64(each, 32) for each in (file["prefix_root"], *file["consistency"])]
    check_consistency(first, second, steps, prefix, new)
    require(prefix != old, "both may be true")
