"""Checkpoints and signed notes: other people's examples, round trips, and everything that is not one."""

import base64
from collections.abc import Callable
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.signing import SigningKey, VerifyKey

from node.core.log.checkpoint import (
    ED25519,
    MAX_NOTE_BYTES,
    LogKey,
    format_checkpoint,
    format_vkey,
    log_name,
    parse_checkpoint,
    parse_vkey,
    split_note,
    verify_checkpoint,
)
from node.errors import NodeError, Reason

# The example of golang.org/x/mod/sumdb/note, which C2SP signed-note is the specification of.
NOTE_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
).encode()
# The verifier key of sum.golang.org, which every copy of Go pins.
GO_VKEY = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"

LOG = log_name("wuhan")
SIGNING = SigningKey(bytes(32))
KEY = LogKey(LOG, bytes(SIGNING.verify_key))
OTHER = SigningKey(b"\x01" * 32)
ROOT = sha256(b"root").digest()


def _sign(message: bytes) -> bytes:
    return SIGNING.sign(message).signature


def _note(size: int = 17, root: bytes = ROOT) -> bytes:
    return format_checkpoint(KEY, size, root, _sign)


def _line(key: LogKey, signature: bytes) -> bytes:
    return f"— {key.name} {base64.b64encode(key.key_id + signature).decode()}\n".encode()


def _reason(note: bytes, log: str = LOG, keys: tuple[LogKey, ...] = (KEY,)) -> Reason:
    with pytest.raises(NodeError) as caught:
        verify_checkpoint(note, log, keys)
    return caught.value.reason


@pytest.mark.parametrize("text", [NOTE_VKEY, GO_VKEY])
def test_key_ids_are_those_of_signed_note(text: str) -> None:
    key = parse_vkey(text)
    assert format_vkey(key) == text
    assert key.key_id == sha256(f"{key.name}\n".encode() + ED25519 + key.public_key).digest()[:4]


def test_a_note_signed_elsewhere_verifies() -> None:
    key = parse_vkey(NOTE_VKEY)
    text, [(name, blob)] = split_note(NOTE)
    assert (name, blob[:4]) == (key.name, key.key_id)
    VerifyKey(key.public_key).verify(text, blob[4:])


def test_a_checkpoint_reads_as_specified() -> None:
    signed = f"{LOG}\n17\n{base64.b64encode(ROOT).decode()}\n".encode()
    assert _note() == signed + b"\n" + _line(KEY, _sign(signed))


@given(st.integers(0, 2**40), st.binary(min_size=32, max_size=32))
def test_checkpoints_round_trip(size: int, root: bytes) -> None:
    note = _note(size, root)
    assert verify_checkpoint(note, LOG, [KEY]) == parse_checkpoint(note) == (LOG, size, root, note)


@given(st.data())
def test_no_altered_byte_of_a_checkpoint_passes(data: st.DataObject) -> None:
    note = _note()
    place, mask = data.draw(st.integers(0, len(note) - 1)), data.draw(st.integers(1, 255))
    altered = note[:place] + bytes([note[place] ^ mask]) + note[place + 1 :]
    try:
        verified = verify_checkpoint(altered, LOG, [KEY])
    except NodeError:
        return
    # Base64 ends in bits that say nothing: another text of the same signature, never of another statement.
    assert place > note.index(b"\n\n")
    assert verified[:3] == (LOG, 17, ROOT)


@given(st.binary(max_size=400))
def test_arbitrary_bytes_raise_nothing_but_bad_checkpoint(raw: bytes) -> None:
    with pytest.raises(NodeError) as caught:
        parse_checkpoint(raw)
    assert caught.value.reason is Reason.BAD_CHECKPOINT


@given(st.text(max_size=60), st.text(max_size=30), st.text(max_size=60), st.lists(st.text(max_size=120), max_size=3))
def test_texts_like_checkpoints_raise_nothing_but_node_errors(log: str, size: str, root: str, tail: list[str]) -> None:
    for body in (f"{log}\n{size}\n{root}\n", f"{LOG}\n{size}\n{base64.b64encode(ROOT).decode()}\n"):
        with pytest.raises(NodeError):
            verify_checkpoint((body + "\n" + "".join(f"— {line}\n" for line in tail)).encode(), LOG, [KEY])


@pytest.mark.parametrize("size", ["-1", "+1", "01", "1.0", " 1", "1 ", "0x1", "", "1" * 20, "٣"])
def test_a_size_is_plain_decimal(size: str) -> None:
    text = f"{LOG}\n{size}\n{base64.b64encode(ROOT).decode()}\n".encode()
    assert _reason(text + b"\n" + _line(KEY, _sign(text))) is Reason.BAD_CHECKPOINT


@pytest.mark.parametrize("root", ["", "AAAA", "not base64!", base64.b64encode(ROOT + b"x").decode()])
def test_a_root_is_32_bytes(root: str) -> None:
    text = f"{LOG}\n17\n{root}\n".encode()
    assert _reason(text + b"\n" + _line(KEY, _sign(text))) is Reason.BAD_CHECKPOINT


@pytest.mark.parametrize(
    "spoil",
    [
        lambda note: note.rstrip(b"\n"),
        lambda note: note[: note.index(b"\n\n") + 1],
        lambda note: note.replace("— ".encode(), b"- "),
        lambda note: note + b"stray\n",
        lambda note: note.replace(b"\n17\n", b"\n"),
        lambda note: note.replace(b"\n\n", b"\n"),
        lambda note: note + b"x" * MAX_NOTE_BYTES + b"\n",
        lambda note: b"\xff" + note,
    ],
)
def test_malformed_notes(spoil: Callable[[bytes], bytes]) -> None:
    assert _reason(spoil(_note())) is Reason.BAD_CHECKPOINT


def test_extension_lines_are_signed_and_kept() -> None:
    text = f"{LOG}\n17\n{base64.b64encode(ROOT).decode()}\nextension one\n第二\n".encode()
    note = text + b"\n" + _line(KEY, _sign(text))
    assert verify_checkpoint(note, LOG, [KEY]) == (LOG, 17, ROOT, note)
    assert _reason(note.replace(b"extension one", b"extension two")) is Reason.BAD_SIGNATURE


def test_signatures_of_unknown_keys_are_passed_over() -> None:
    stranger = LogKey("witness.example/w", bytes(OTHER.verify_key))
    text = _note()[: _note().index(b"\n\n") + 1]
    own, other = _line(KEY, _sign(text)), _line(stranger, OTHER.sign(text).signature)
    nonsense = "— somebody.example AAAAAAAA\n".encode()
    for tail in (own + other, other + own, nonsense + own, other + nonsense + own):
        assert verify_checkpoint(text + b"\n" + tail, LOG, [KEY]).size == 17
    assert _reason(text + b"\n" + other) is Reason.UNKNOWN_LOG_KEY


def test_every_signature_of_a_pinned_key_must_hold() -> None:
    second = LogKey(LOG, bytes(OTHER.verify_key))
    text = _note()[: _note().index(b"\n\n") + 1]
    both = text + b"\n" + _line(KEY, _sign(text)) + _line(second, OTHER.sign(text).signature)
    assert verify_checkpoint(both, LOG, [KEY, second]).size == 17
    assert verify_checkpoint(both, LOG, [second]).size == 17
    one_false = text + b"\n" + _line(KEY, _sign(text)) + _line(second, bytes(64))
    assert _reason(one_false, keys=(KEY, second)) is Reason.BAD_SIGNATURE


@pytest.mark.parametrize("signature", [b"", bytes(63), bytes(64), bytes(65)])
def test_a_false_signature_under_a_pinned_key_id(signature: bytes) -> None:
    text = _note()[: _note().index(b"\n\n") + 1]
    assert _reason(text + b"\n" + _line(KEY, signature)) is Reason.BAD_SIGNATURE


def test_another_city_and_another_name_of_the_key() -> None:
    assert _reason(_note(), log_name("changsha")) is Reason.WRONG_CITY
    assert _reason(_note(), keys=()) is Reason.UNKNOWN_LOG_KEY
    # The same public key under another name has another id: it vouches for nothing here.
    assert _reason(_note(), keys=(LogKey("wuhan.example/log", KEY.public_key),)) is Reason.UNKNOWN_LOG_KEY


@given(st.binary(min_size=32, max_size=32), st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=20))
def test_verifier_keys_round_trip(public_key: bytes, name: str) -> None:
    key = LogKey(name, public_key)
    assert parse_vkey(format_vkey(key)) == key


@given(st.one_of(st.text(max_size=80), st.builds("{}+{}+{}".format, *[st.text(max_size=60)] * 3)))
def test_other_texts_are_no_verifier_keys(text: str) -> None:
    with pytest.raises(NodeError) as caught:
        parse_vkey(text)
    assert caught.value.reason is Reason.INVALID_KEY


@pytest.mark.parametrize("text", [NOTE_VKEY.replace("c74f", "c74e"), NOTE_VKEY[:-4], "+" + NOTE_VKEY, "a+b+é"])
def test_damaged_verifier_keys(text: str) -> None:
    with pytest.raises(NodeError) as caught:
        parse_vkey(text)
    assert caught.value.reason is Reason.INVALID_KEY
