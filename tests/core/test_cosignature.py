"""Cosignatures: a witness's of the real world, round trips, and everything that is not one."""

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.signing import SigningKey

from node.core.log.checkpoint import LogKey, format_checkpoint, format_vkey, log_name, parse_checkpoint, parse_vkey
from node.core.log.cosignature import (
    MAX_TIME_S,
    Cosigned,
    WitnessKey,
    cosign,
    open_cosigned,
    parse_witness_vkey,
    witness_name,
)
from node.errors import NodeError, Reason

VECTOR = json.loads((Path(__file__).parents[1] / "vectors" / "cosignature.json").read_text("utf-8"))
LOG = log_name("wuhan")
SIGNING, WITNESS, OTHER = (SigningKey(bytes([number]) * 32) for number in range(3))
LOG_KEY = LogKey(LOG, bytes(SIGNING.verify_key))
KEY = WitnessKey(witness_name("hefei"), bytes(WITNESS.verify_key))
KEY_2 = WitnessKey(witness_name("taiyuan"), bytes(OTHER.verify_key))
NOTE = format_checkpoint(LOG_KEY, 17, sha256(b"root").digest(), lambda text: SIGNING.sign(text).signature)


def _sign(signing: SigningKey) -> Callable[[bytes], bytes]:
    return lambda message: signing.sign(message).signature


def _cosigned(at_s: int = 1_700_000_000, note: bytes = NOTE) -> bytes:
    return note + cosign(parse_checkpoint(note), KEY, at_s, _sign(WITNESS)).line


def _open(note: bytes, *witnesses: WitnessKey) -> Cosigned:
    return open_cosigned(note, LOG, [LOG_KEY], witnesses)


def _reason(note: bytes, *witnesses: WitnessKey) -> Reason:
    with pytest.raises(NodeError) as caught:
        _open(note, *witnesses)
    return caught.value.reason


def test_a_real_checkpoint_with_a_real_witness() -> None:
    log, witness = parse_vkey(VECTOR["log_vkey"]), parse_witness_vkey(VECTOR["witness_vkey"])
    opened = open_cosigned(VECTOR["note"].encode(), log.name, [log], [witness])
    assert opened.checkpoint.size == VECTOR["size"]
    assert [(each.key, each.at_s) for each in opened.cosignatures] == [(witness, VECTOR["at_s"])]
    altered = VECTOR["note"].replace(f"\n{VECTOR['size']}\n", "\n42\n")
    with pytest.raises(NodeError, match="bad_signature"):
        open_cosigned(altered.encode(), log.name, [log], [witness])


@pytest.mark.parametrize("vkey", VECTOR["witness_vkeys"])
def test_key_ids_of_witnesses_in_the_world(vkey: str) -> None:
    assert format_vkey(parse_witness_vkey(vkey)) == vkey


def test_the_message_is_that_of_the_specification() -> None:
    signed: list[bytes] = []

    def sign(message: bytes) -> bytes:
        signed.append(message)
        return bytes(64)

    line = cosign(parse_checkpoint(NOTE), KEY, 1679315147, sign).line
    text = NOTE[: NOTE.index(b"\n\n") + 1]
    assert signed == [b"cosignature/v1\ntime 1679315147\n" + text]
    assert line.startswith("— hefei.gongzhi.internal/witness ".encode())


@given(st.integers(0, MAX_TIME_S))
def test_round_trip(at_s: int) -> None:
    opened = _open(_cosigned(at_s), KEY)
    assert [(each.key, each.at_s) for each in opened.cosignatures] == [(KEY, at_s)]
    assert (opened.note, opened.checkpoint.note) == (_cosigned(at_s), NOTE)


@given(st.data())
def test_no_altered_byte_of_a_cosigned_checkpoint_passes(data: st.DataObject) -> None:
    note = _cosigned()
    place, mask = data.draw(st.integers(0, len(note) - 1)), data.draw(st.integers(1, 255))
    try:
        opened = _open(note[:place] + bytes([note[place] ^ mask]) + note[place + 1 :], KEY)
    except NodeError:
        return
    # What still opens says the same, or it says nothing of the witness: its name or key id is another.
    assert opened.checkpoint[:3] == parse_checkpoint(NOTE)[:3]
    assert opened.note in (NOTE, note)


def test_lines_of_strangers_say_nothing_and_are_not_passed_on() -> None:
    opened = _open(_cosigned() + "— somebody.example AAAAAAAA\n".encode(), KEY_2)
    assert (opened.cosignatures, opened.note) == ((), NOTE)


def test_a_cosignature_of_another_checkpoint_is_refused() -> None:
    other = format_checkpoint(LOG_KEY, 18, sha256(b"other").digest(), _sign(SIGNING))
    replayed = other + cosign(parse_checkpoint(NOTE), KEY, 1, _sign(WITNESS)).line
    assert _reason(replayed, KEY) is Reason.BAD_SIGNATURE


def test_a_signature_of_a_log_is_no_cosignature() -> None:
    """Nor the other way round: type and message differ."""
    as_log = LogKey(KEY.name, KEY.public_key)
    text = NOTE[: NOTE.index(b"\n\n") + 1]
    assert as_log.key_id != KEY.key_id
    forged = cosign(parse_checkpoint(NOTE), KEY, 1, lambda _: WITNESS.sign(text).signature)
    assert _reason(NOTE + forged.line, KEY) is Reason.BAD_SIGNATURE


@pytest.mark.parametrize("blob", [b"", bytes(8), bytes(71), bytes(72), bytes(73), b"\xff" * 72])
def test_a_pinned_witness_key_id_over_noise(blob: bytes) -> None:
    assert _reason(NOTE + _line(blob), KEY) is Reason.BAD_SIGNATURE


def test_a_time_beyond_the_specification_is_refused() -> None:
    at_s = MAX_TIME_S + 1
    assert _reason(_cosigned(at_s), KEY) is Reason.BAD_SIGNATURE


def _line(blob: bytes) -> bytes:
    import base64

    return f"— {KEY.name} {base64.b64encode(KEY.key_id + blob).decode()}\n".encode()


def test_of_two_by_one_witness_the_later_stands() -> None:
    early, late = (cosign(parse_checkpoint(NOTE), KEY, at_s, _sign(WITNESS)) for at_s in (5, 9))
    for lines in ((early, late), (late, early)):
        opened = _open(NOTE + b"".join(each.line for each in lines), KEY)
        assert opened.cosignatures == (late,)
        assert Cosigned(opened.checkpoint, lines[:1]).joined(lines[1:]).cosignatures == (late,)


@given(st.binary(min_size=32, max_size=32), st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=20))
def test_verifier_keys_round_trip(public_key: bytes, name: str) -> None:
    key = WitnessKey(name, public_key)
    assert parse_witness_vkey(format_vkey(key)) == key


@pytest.mark.parametrize("spoil", [str.upper, lambda text: text[:-1], lambda text: "x" + text, lambda _: ""])
def test_damaged_verifier_keys(spoil: Callable[[str], str]) -> None:
    for text in (spoil(format_vkey(KEY)), format_vkey(LOG_KEY)):
        with pytest.raises(NodeError, match="invalid_key"):
            parse_witness_vkey(text)
    with pytest.raises(NodeError, match="invalid_key"):
        parse_vkey(format_vkey(KEY))
