"""Proof files: what is proven, and that no altered byte gets by."""

import json
from collections.abc import Callable

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from node.core.log.checkpoint import LogKey
from node.core.log.proof import format_proof, open_proven, parse_proof, verify_proof
from node.core.log.run import extend, mask
from node.errors import NodeError, Reason
from node.stubs.query.v1.query_pb2 import Proof
from node.stubs.record.v1.record_pb2 import Common, Run
from node.stubs.standard.v1.operator_pb2 import OperatorRegistration
from tests.kit.effort import effort
from tests.kit.simulator.memory_log import Log


def registration(number: int) -> OperatorRegistration:
    return OperatorRegistration(
        legacy_number=f"{number:04}", name="商行", legal_representative="吴建国", phone="0731-88888888"
    )


class Made:
    """A proof of one record among 300, its file, and the key."""

    def __init__(self) -> None:
        self.log = Log(0, "changsha")
        self.log.register(*(registration(number) for number in range(300)))
        self.key: LogKey = self.log.key
        self.proof = self.log.prove(77)
        self.text = format_proof(self.proof)

    def check(self, text: str) -> None:
        verify_proof(parse_proof(text), [self.key])

    def refusal(self, proof: Proof) -> Reason:
        with pytest.raises(NodeError) as caught:
            verify_proof(proof, [self.key])
        return caught.value.reason


@pytest.fixture(scope="module")
def made() -> Made:
    return Made()


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
        verify_proof(made.log.prove(index), [made.key])


def test_masked_facets_keep_it_proven(made: Made) -> None:
    copy = altered(made)
    mask(copy.view, {1})
    proven = verify_proof(parse_proof(format_proof(copy)), [made.key])
    assert proven.withheld == {2, 3, 4}
    assert "legal_representative" in verify_proof(made.proof, [made.key]).body
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


def _longer_body(proof: Proof) -> None:
    proof.view.columns[0].openings[0] += b" "


def _other_salt(proof: Proof) -> None:
    opening = proof.view.columns[0].openings[0]
    proof.view.columns[0].openings[0] = bytes([opening[0] ^ 1]) + opening[1:]


def _other_subject(proof: Proof) -> None:
    proof.view.own[0] = proof.view.own[0].replace(b"0077", b"0078")


def _other_moment(proof: Proof) -> None:
    common = Common.FromString(proof.view.common)
    common.as_of_ms += 1
    proof.view.common = common.SerializeToString(deterministic=True)


def _other_place(proof: Proof) -> None:
    proof.leaf_index, proof.id = 78, "changsha-78"


def _other_size(proof: Proof) -> None:
    proof.checkpoint = proof.checkpoint.replace(b"\n300\n", b"\n301\n")


def _withheld(proof: Proof) -> None:
    leaf_hash = open_proven(proof).leaf_hash
    proof.view.CopyFrom(Run(leaf_hashes=leaf_hash))


def _two_records(proof: Proof) -> None:
    assert extend(proof.view, Run.FromString(proof.view.SerializeToString()))


LIES: dict[str, tuple[Callable[[Proof], object], Reason]] = {
    "a longer body": (_longer_body, Reason.BAD_INCLUSION),
    "another salt": (_other_salt, Reason.BAD_INCLUSION),
    "another subject": (_other_subject, Reason.BAD_INCLUSION),
    "another moment": (_other_moment, Reason.BAD_INCLUSION),
    "another place": (lambda proof: setattr(proof, "leaf_index", 78), Reason.WRONG_RECORD_ID),
    "another place and id": (_other_place, Reason.BAD_INCLUSION),
    "another city": (lambda proof: setattr(proof, "city", "wuhan"), Reason.WRONG_CITY),
    "another id": (lambda proof: setattr(proof, "id", "changsha-78"), Reason.WRONG_RECORD_ID),
    "another size": (_other_size, Reason.BAD_SIGNATURE),
    "a step less": (lambda proof: proof.inclusion.pop(), Reason.BAD_INCLUSION),
    "a facet less": (lambda proof: proof.view.columns.pop(), Reason.BAD_COMMITMENT),
    "no common": (lambda proof: proof.view.ClearField("common"), Reason.BAD_COMMITMENT),
    "no own": (lambda proof: proof.view.ClearField("own"), Reason.BAD_COMMITMENT),
    "no view": (lambda proof: proof.ClearField("view"), Reason.BAD_COMMITMENT),
    "withheld whole": (_withheld, Reason.BAD_COMMITMENT),
    "two records": (_two_records, Reason.BAD_COMMITMENT),
}


@pytest.mark.parametrize(("lie", "due"), LIES.values(), ids=LIES)
def test_each_lie_has_its_reason(made: Made, lie: Callable[[Proof], object], due: Reason) -> None:
    copy = altered(made)
    lie(copy)
    assert made.refusal(copy) is due


def test_a_key_must_be_pinned(made: Made) -> None:
    with pytest.raises(NodeError) as caught:
        verify_proof(made.proof, [])
    assert caught.value.reason is Reason.UNKNOWN_LOG_KEY


def test_a_readable_part_that_lies_is_refused(made: Made) -> None:
    with pytest.raises(NodeError):
        parse_proof(made.text.replace('"0077"', '"0078"'))
