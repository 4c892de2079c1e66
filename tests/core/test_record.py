"""Records: what a commitment and a leaf bind, their one form, and that masking a record never changes its leaf."""

from contextlib import suppress
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.core.log.merkle import HASH_BYTES
from node.core.log.record import (
    MAX_COMMON_BYTES,
    MAX_FACETS,
    SALT_BYTES,
    Record,
    commit,
    hash_record,
    header_of,
    is_record_id,
    parse_record_id,
    read_common,
    read_own,
    record_id,
    share_common,
    split_header,
)
from node.core.log.run import record_of
from node.errors import NodeError, Reason
from node.stubs.record.v1.record_pb2 import Column, Common, Header, Own, Run

bodies_of = st.lists(st.binary(max_size=40), min_size=0, max_size=MAX_FACETS)
facets_of = st.sets(st.integers(1, MAX_FACETS))
moments = st.integers(-(2**63), 2**63 - 1)
commons = st.builds(
    Common,
    standard=st.text(max_size=20),
    version=st.integers(0, 2**32 - 1),
    city=st.just("wuhan"),
    issued_at_ms=moments,
    audience=st.lists(st.sampled_from(["all", "hefei", ""]), max_size=3),
    purpose=st.text(max_size=5),
    legal_basis=st.text(max_size=5),
    as_of_ms=moments,
    source=st.text(max_size=5),
)
owns = st.builds(
    Own,
    subjects=st.lists(st.text(max_size=20), max_size=3),
    valid_from_ms=moments,
    valid_until_ms=moments,
    supersedes=st.integers(0, 17),
    retracts=st.integers(0, 17),
)


def sealed(common: Common, own: Own, bodies: list[bytes]) -> Record:
    """A record at leaf 17, every facet open, hashed as the definition says."""
    common.facets = len(bodies)
    shared = share_common(common)
    openings = [sha256(bytes([number])).digest()[:SALT_BYTES] + body for number, body in enumerate(bodies)]
    raw = own.SerializeToString(deterministic=True)
    digests = [
        sha256(b"gongzhi.facet.v1" + number.to_bytes(4, "big") + opening).digest()
        for number, opening in enumerate(openings, 1)
    ]
    leaf = sha256(b"\x00" + sha256(shared.raw).digest() + b"".join(digests) + raw).digest()
    return Record(17, leaf, shared, raw, openings, [None] * len(bodies))


def test_a_commitment_is_the_one_described() -> None:
    opening = bytes(range(16)) + b"body"
    assert commit(3, opening) == sha256(b"gongzhi.facet.v1" + b"\x00\x00\x00\x03" + opening).digest()


@given(st.integers(1, MAX_FACETS), st.binary(min_size=16, max_size=50), st.data())
def test_a_commitment_binds_number_and_opening(number: int, opening: bytes, data: st.DataObject) -> None:
    other = data.draw(st.integers(1, MAX_FACETS)), data.draw(st.binary(min_size=16, max_size=50))
    assert (commit(number, opening) == commit(*other)) == ((number, opening) == other)


def test_empty_facets_of_two_records_look_alike_to_nobody() -> None:
    salts = sha256(b"salts").digest()
    assert commit(1, salts[:16]) != commit(1, salts[16:])
    assert commit(1, salts[:16]) != commit(2, salts[:16])


@given(commons, owns, bodies_of)
def test_a_leaf_is_common_commitments_and_own(common: Common, own: Own, bodies: list[bytes]) -> None:
    record = sealed(common, own, bodies)
    assert record.shared is not None
    commitments = [commit(number, opening or b"") for number, opening in enumerate(record.facets, 1)]
    assert hash_record(record.shared, record.own, commitments) == record.leaf_hash
    assert record_of(record.run(), 17) == record


@given(commons, owns, bodies_of, facets_of, facets_of)
def test_masking_keeps_the_leaf_and_hides_the_rest(
    common: Common, own: Own, bodies: list[bytes], first: set[int], then: set[int]
) -> None:
    record = sealed(common, own, bodies)
    once = record.masked(first)
    for shown, left in ((once, first), (once.masked(then), first & then)):
        assert record_of(shown.run(), 17).leaf_hash == record.leaf_hash
        assert shown.header == record.header
        assert shown.disclosed == left & set(range(1, len(bodies) + 1))
        assert list(shown.bodies()) == [body for number, body in enumerate(bodies, 1) if number in left]
        assert list(shown.bodies({1, 2})) == [body for number, body in enumerate(bodies[:2], 1) if number in left]
        hidden = [number for number in range(1, len(bodies) + 1) if number not in left]
        assert all(shown.facets[number - 1] is None for number in hidden)
        assert all(len(shown.commitments[number - 1] or b"") == HASH_BYTES for number in hidden)
    assert record.disclosed == set(range(1, len(bodies) + 1)), "masking changes nothing of what is masked"


@given(commons, owns, st.integers(0, MAX_FACETS), st.integers(0, 2**40 - 1))
def test_a_header_is_common_and_own_and_can_be_split(common: Common, own: Own, facets: int, index: int) -> None:
    common.facets = facets
    header = header_of(share_common(common), own, index)
    assert (header.id, header.facets) == (f"wuhan-{index}", facets)
    shared, again = split_header(header, facets)
    assert (shared.common, again) == (common, own)


def test_a_header_that_points_at_no_record_cannot_be_split() -> None:
    with pytest.raises(NodeError) as caught:
        split_header(Header(city="wuhan", supersedes="wuhan-x"), 0)
    assert caught.value.reason is Reason.INVALID_ARGUMENT


def test_two_records_are_equal_where_one_leaf_is_disclosed_alike() -> None:
    record, twin = (sealed(Common(city="wuhan"), Own(subjects=["a"]), [b"x", b"y"]) for _ in range(2))
    assert record == twin
    assert len({record, twin, record.masked({1})}) == 2
    assert record.masked({1}) == twin.masked({1}) != record
    assert record != sealed(Common(city="wuhan"), Own(subjects=["b"]), [b"x", b"y"])


def test_a_withheld_record_is_its_leaf_hash() -> None:
    record = Record(17, bytes(range(32)))
    assert not record.is_open
    assert record.run() == Run(leaf_hashes=bytes(range(32)))
    assert record_of(record.run(), 17) == record


# Forms that a protobuf library reads, or that break off: what each adds to a whole Common or Own.
_ADDED = {
    "unknown field": b"\xf2\x01\x01x",
    "unknown number": b"\xf0\x01\x05",
    "unknown group": b"\xf3\x01\xf4\x01",
    "first field again": b"\x0a\x01x",
    "long varint": b"\xf0\x01\x85\x00",
    "breaks off": b"\xf2\x01\x05x",
    "a tag alone": b"\xf0",
    "noise": b"\xff" * 12,
}
_COMMON = Common(standard="s", city="wuhan", facets=2, issued_at_ms=5)
_OWN = Own(subjects=["uscc:1"], valid_from_ms=5)


@pytest.mark.parametrize("added", _ADDED.values(), ids=_ADDED)
def test_common_and_own_have_one_form(added: bytes) -> None:
    for read, part in ((read_common, _COMMON), (read_own, _OWN)):
        whole = part.SerializeToString(deterministic=True)
        read(whole)
        assert _refusal(read, whole + added) is Reason.BAD_COMMITMENT


@pytest.mark.parametrize(
    "raw",
    [
        b"\x10\x05\x10\x06",  # valid_from_ms twice
        b"\x10\x05\x0a\x01s",  # out of order
        b"\x10\x00",  # a default
        b"\x10\x85\x00",  # a long number
        b"\x0a\x81\x00s",  # a long length
        b"\x8a\x00\x01s",  # a long tag
        b"\x12\x01\x05",  # another wire type
        b"\x0a\x01\xff",  # no UTF-8
        b"\x0a\x03\xed\xa0\x80",  # half of a surrogate pair
        b"\x10" + b"\x80" * 9 + b"\x02",  # 2 to the power of 64
        b"\x0a",
        b"\x0a\x02s",
    ],
)
def test_no_other_own_is_read(raw: bytes) -> None:
    assert _refusal(read_own, raw) is Reason.BAD_COMMITMENT


@pytest.mark.parametrize(
    "common",
    [
        Common(),
        Common(standard="s"),
        Common(city="wuhan", facets=MAX_FACETS + 1),
        Common(city="wuhan", source="s" * MAX_COMMON_BYTES),
    ],
)
def test_no_other_common_is_read(common: Common) -> None:
    raw = common.SerializeToString(deterministic=True)
    assert _refusal(read_common, raw) is Reason.BAD_COMMITMENT
    assert _refusal(read_common, raw) is Reason.BAD_COMMITMENT, "a refusal is not remembered as a header"


@given(st.one_of(st.binary(max_size=60), owns.map(Own.SerializeToString)))
def test_what_is_read_as_own_is_one_form_of_it(raw: bytes) -> None:
    with suppress(NodeError):
        assert read_own(raw).SerializeToString(deterministic=True) == raw


@pytest.mark.parametrize(
    "run",
    [
        Run(),
        Run(leaf_hashes=bytes(31)),
        Run(leaf_hashes=bytes(64)),
        Run(leaf_hashes=bytes(32), own=[b""]),
        Run(common=_COMMON.SerializeToString(), own=[b""]),
        Run(common=Common(city="wuhan", facets=1).SerializeToString(), own=[b""], columns=[Column()]),
        Run(common=Common(city="wuhan").SerializeToString(), own=[b"", b""]),
    ],
)
def test_a_run_of_one_record_is_of_one(run: Run) -> None:
    with pytest.raises(NodeError) as caught:
        record_of(run, 0)
    assert caught.value.reason is Reason.BAD_COMMITMENT


@given(st.sampled_from(["wuhan", "xi-an"]), st.integers(0, 2**40 - 1))
def test_record_ids_round_trip(city: str, index: int) -> None:
    assert parse_record_id(record_id(city, index)) == (city, index)
    assert is_record_id(record_id(city, index))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "wuhan",
        "wuhan-",
        "-3",
        "wuhan-03",
        "wuhan-+3",
        "wuhan--",
        "wuhan-3 ",
        "wuhan-٣",
        "wuhan-" + "9" * 30,
        f"wuhan-{2**40}",
    ],
)
def test_other_texts_are_no_record_ids(text: str) -> None:
    assert _refusal(parse_record_id, text) is Reason.INVALID_ARGUMENT
    assert not is_record_id(text)


@given(st.text(max_size=30))
def test_an_arbitrary_record_id_raises_nothing_but_node_errors(text: str) -> None:
    with suppress(NodeError):
        assert record_id(*parse_record_id(text)) == text


def _refusal(read: object, raw: object) -> Reason:
    with pytest.raises(NodeError) as caught:
        read(raw)  # type: ignore[operator]
    return caught.value.reason
