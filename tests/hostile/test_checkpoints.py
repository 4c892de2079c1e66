"""A note costs whoever checks it one verification a key, however often its lines are repeated."""

import pytest

from node.core.log import checkpoint as notes
from node.core.log.checkpoint import MAX_NOTE_BYTES, LogKey, format_checkpoint, log_name, verify_checkpoint
from node.core.log.cosignature import WitnessKey, cosign, open_cosigned, witness_name
from node.errors import NodeError, Reason
from tests.kit.keys import KeySigner

LOG, WITNESS = KeySigner(), KeySigner()
KEY = LogKey(log_name("wuhan"), LOG.public_key)
WITNESS_KEY = WitnessKey(witness_name("hefei"), WITNESS.public_key)


def note() -> bytes:
    plain = format_checkpoint(KEY, 7, bytes(32), LOG.sign)
    checkpoint = notes.parse_checkpoint(plain)
    return plain + cosign(checkpoint, WITNESS_KEY, 5, WITNESS.sign).line


def repeated(line: int) -> bytes:
    """The note with one of its lines as often as it may hold."""
    lines = note().splitlines(keepends=True)
    said = lines[line]
    return note() + said * min(90, (MAX_NOTE_BYTES - len(note())) // len(said))


@pytest.fixture
def verified(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    seen: list[str] = []
    real = notes.verify_signature

    def count(key: notes.VerifierKey, text: bytes, signature: bytes) -> None:
        seen.append(key.name)
        real(key, text, signature)

    monkeypatch.setattr(notes, "verify_signature", count)
    monkeypatch.setattr("node.core.log.cosignature.verify_signature", count)
    return seen


def test_of_a_witness_one_line_is_verified(verified: list[str]) -> None:
    cosigned = open_cosigned(repeated(-1), KEY.name, [KEY], [WITNESS_KEY])
    assert verified == [KEY.name, WITNESS_KEY.name]
    assert cosigned.note == note()


def test_of_a_log_none_is_verified_that_is_said_twice(verified: list[str]) -> None:
    with pytest.raises(NodeError) as caught:
        open_cosigned(repeated(-2), KEY.name, [KEY], [WITNESS_KEY])
    assert (caught.value.reason, verified) == (Reason.BAD_SIGNATURE, [])


def test_a_note_of_more_lines_than_there_are_keys_is_none() -> None:
    with pytest.raises(NodeError) as caught:
        verify_checkpoint(note() + b"\xe2\x80\x94 a AAAA\n" * 100, KEY.name, [KEY])
    assert caught.value.reason is Reason.BAD_CHECKPOINT
