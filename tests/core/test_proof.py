"""Proof files: what is proven, and that no altered byte gets by."""

import json
from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from node.core.log.checkpoint import LogKey
from node.core.log.proof import format_proof, parse_proof, verify_proof
from node.core.log.record import mask
from node.errors import NodeError, Reason
from node.storage.sqlite.reader import Reader
from node.stubs.query.v1.query_pb2 import Proof
from node.usecases.records.prove import prove
from tests.kit.effort import effort
from tests.kit.stores.city import PURPOSE, City, operator


class Made:
    """A proof of one record among 300, its file, and the key."""

    def __init__(self, folder: Path) -> None:
        city = City(folder, "changsha")
        city.append([city.entry(operator("", legacy_number=f"{number:04}")) for number in range(300)])
        self.key: LogKey = city.key
        self.proof = prove(Reader(city.path), "changsha-77", PURPOSE)
        self.reader = Reader(city.path)
        self.text = format_proof(self.proof)
        city.close()

    def check(self, text: str) -> None:
        verify_proof(parse_proof(text), [self.key])

    def refusal(self, proof: Proof) -> Reason:
        with pytest.raises(NodeError) as caught:
            verify_proof(proof, [self.key])
        return caught.value.reason


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tmp_path_factory.mktemp("proof"))


def altered(made: Made) -> Proof:
    copy = Proof()
    copy.CopyFrom(made.proof)
    return copy


def test_round_trip(made: Made) -> None:
    assert parse_proof(made.text) == made.proof
    proven = verify_proof(parse_proof(made.text), [made.key])
    assert (proven.header.id, proven.checkpoint.size) == ("changsha-77", 300)
    assert proven.body["legacy_number"] == "0077"
    assert proven.facets == {1, 2, 3, 4}
    assert not proven.withheld


def test_every_record_can_be_proven(made: Made) -> None:
    for index in range(0, 300, 7):
        verify_proof(prove(made.reader, f"changsha-{index}", PURPOSE), [made.key])


def test_masked_facets_keep_it_proven(made: Made) -> None:
    copy = altered(made)
    mask(copy.view, {1})
    proven = verify_proof(parse_proof(format_proof(copy)), [made.key])
    assert proven.withheld == {2, 3, 4}
    assert "legal_representative" not in proven.body


_PLACE = st.floats(0, 1, exclude_max=True)


@effort(400)
@given(place=_PLACE, byte=st.integers(0, 255))
def test_any_altered_byte_fails(made: Made, place: float, byte: int) -> None:
    raw = bytearray(made.text.encode())
    at = int(place * len(raw))
    assume(raw[at] != byte)
    raw[at] = byte
    try:
        text = raw.decode()
        same = json.loads(text) == json.loads(made.text)
    except ValueError:
        same = False
    if same:  # white space of the JSON
        made.check(text)
    else:
        with pytest.raises((NodeError, UnicodeDecodeError)):
            made.check(raw.decode())


@effort(200)
@given(text=st.text())
@example("[" * 100_000)
@example("null")
@example("{}")
@example('{"format": NaN}')
@example("1" * 5000)
def test_malformed_files_are_refused(text: str) -> None:
    with pytest.raises(NodeError) as caught:
        parse_proof(text)
    assert caught.value.reason is Reason.INVALID_ARGUMENT


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner),
)


@effort(100)
@given(data=st.data(), value=_JSON)
def test_any_other_value_anywhere_fails(made: Made, data: st.DataObject, value: object) -> None:
    plain = json.loads(made.text)
    at = plain
    key = data.draw(st.sampled_from(sorted(at)))
    while isinstance(at[key], dict) and data.draw(st.booleans()):
        at = at[key]
        key = data.draw(st.sampled_from(sorted(at)))
    assume(at[key] != value or type(at[key]) is not type(value))
    at[key] = value
    with pytest.raises(NodeError):
        made.check(json.dumps(plain))


_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def test_bits_that_no_byte_uses_are_zero(made: Made) -> None:
    ends = [at - 1 for at, mark in enumerate(made.text) if mark == "=" and made.text[at - 1] != "="]
    assert len(ends) > 10
    for at in ends:
        other = _ALPHABET[_ALPHABET.index(made.text[at]) ^ 1]
        with pytest.raises(NodeError):
            made.check(made.text[:at] + other + made.text[at + 1 :])


def test_each_lie_has_its_reason(made: Made) -> None:
    copy = altered(made)
    copy.view.facets[0].body += b" "
    assert made.refusal(copy) is Reason.BAD_INCLUSION
    copy = altered(made)
    copy.leaf_index = 78
    assert made.refusal(copy) is Reason.WRONG_RECORD_ID
    copy = altered(made)
    copy.city = "wuhan"
    assert made.refusal(copy) is Reason.WRONG_CITY
    copy = altered(made)
    copy.id = "changsha-78"
    assert made.refusal(copy) is Reason.WRONG_RECORD_ID
    copy = altered(made)
    copy.checkpoint = copy.checkpoint.replace(b"\n300\n", b"\n301\n")
    assert made.refusal(copy) is Reason.BAD_SIGNATURE
    copy = altered(made)
    del copy.inclusion[-1]
    assert made.refusal(copy) is Reason.BAD_INCLUSION
    copy = altered(made)
    del copy.view.facets[-1]
    assert made.refusal(copy) is Reason.BAD_COMMITMENT
    copy = altered(made)
    copy.view.header = b""
    assert made.refusal(copy) is Reason.BAD_COMMITMENT
    with pytest.raises(NodeError) as caught:
        verify_proof(made.proof, [])
    assert caught.value.reason is Reason.UNKNOWN_LOG_KEY


def test_a_readable_part_that_lies_is_refused(made: Made) -> None:
    with pytest.raises(NodeError):
        parse_proof(made.text.replace('"0077"', '"0078"'))


@pytest.mark.parametrize("record", ["changsha-300", "wuhan-1", "changsha", "changsha-x", "changsha-007"])
def test_only_what_is_there_can_be_proven(made: Made, record: str) -> None:
    with pytest.raises(NodeError) as caught:
        prove(made.reader, record, PURPOSE)
    assert caught.value.reason in (Reason.NOT_FOUND, Reason.INVALID_ARGUMENT)
