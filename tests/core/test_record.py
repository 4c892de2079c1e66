"""Records: what a commitment binds, and that masking a view never changes its leaf."""

from contextlib import suppress
from hashlib import sha256

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from node.core.log.merkle import HASH_BYTES
from node.core.log.record import (
    MAX_FACETS,
    SALT_BYTES,
    commit,
    disclosed_bodies,
    disclosed_facets,
    hash_record,
    mask,
    open_view,
    parse_header,
    parse_record_id,
    record_id,
    seal,
)
from node.errors import NodeError, Reason
from node.stubs.record.v1.record_pb2 import Facet, Header, View

bodies_of = st.lists(st.binary(max_size=40), min_size=0, max_size=MAX_FACETS)
facets_of = st.sets(st.integers(1, MAX_FACETS))
headers = st.builds(
    Header,
    id=st.just("wuhan-17"),
    standard=st.text(max_size=20),
    version=st.integers(0, 9),
    city=st.just("wuhan"),
    subjects=st.lists(st.text(max_size=20), max_size=3),
    audience=st.lists(st.sampled_from(["all", "hefei"]), max_size=2),
    as_of_ms=st.integers(0, 2**40),
)


def _salts(count: int) -> bytes:
    return b"".join(sha256(bytes([number])).digest()[:SALT_BYTES] for number in range(count))


def _sealed(header: Header, bodies: list[bytes]) -> tuple[bytes, View]:
    leaf, wire = seal(header, bodies, _salts(len(bodies)))
    view = View.FromString(wire)
    assert view.SerializeToString() == wire  # the one form that protobuf gives it too
    return leaf, view


def _copy(view: View) -> View:
    return View.FromString(view.SerializeToString())


def test_a_commitment_is_the_one_described() -> None:
    salt, body = bytes(range(16)), b"body"
    assert commit(3, salt, body) == sha256(b"gongzhi.facet.v1" + b"\x00\x00\x00\x03" + salt + body).digest()


@given(st.integers(1, MAX_FACETS), st.binary(min_size=16, max_size=16), st.binary(max_size=30), st.data())
def test_a_commitment_binds_number_salt_and_body(number: int, salt: bytes, body: bytes, data: st.DataObject) -> None:
    other = (
        data.draw(st.integers(1, MAX_FACETS)),
        data.draw(st.binary(min_size=16, max_size=16)),
        data.draw(st.binary(max_size=30)),
    )
    assert (commit(number, salt, body) == commit(*other)) == ((number, salt, body) == other)


def test_empty_facets_of_two_records_look_alike_to_nobody() -> None:
    salts = _salts(2)
    assert commit(1, salts[:16], b"") != commit(1, salts[16:], b"")
    assert commit(1, salts[:16], b"") != commit(2, salts[:16], b"")


@given(headers, bodies_of)
def test_a_leaf_is_header_and_commitments(header: Header, bodies: list[bytes]) -> None:
    leaf, view = _sealed(header, bodies)
    commitments = [
        commit(number, _salts(MAX_FACETS)[16 * (number - 1) : 16 * number], body)
        for number, body in enumerate(bodies, 1)
    ]
    assert leaf == sha256(b"\x00" + view.header + b"".join(commitments)).digest()
    assert parse_header(view.header).facets == len(bodies)


@given(headers, bodies_of, facets_of, facets_of)
def test_masking_keeps_the_leaf_and_hides_the_rest(
    header: Header, bodies: list[bytes], first: set[int], then: set[int]
) -> None:
    leaf, view = _sealed(header, bodies)
    shown = _copy(view)
    for disclosed, left in ((first, first), (then, first & then)):
        mask(shown, disclosed)
        opened = open_view(_copy(shown))
        assert (opened.leaf_hash, opened.header) == (leaf, header)
        assert disclosed_facets(shown) == left & set(range(1, len(bodies) + 1))
        assert disclosed_bodies(shown) == [body for number, body in enumerate(bodies, 1) if number in left]
    hidden = [facet for number, facet in enumerate(shown.facets, 1) if number not in first & then]
    assert all(not facet.salt and not facet.body and len(facet.commitment) == HASH_BYTES for facet in hidden)


@given(headers, st.lists(st.binary(max_size=20), min_size=1, max_size=4), st.data())
def test_no_altered_bit_of_a_view_gives_the_leaf(header: Header, bodies: list[bytes], data: st.DataObject) -> None:
    leaf, view = _sealed(header, bodies)
    mask(view, data.draw(facets_of))
    raw = view.SerializeToString()
    place = data.draw(st.integers(0, len(raw) - 1))
    altered = raw[:place] + bytes([raw[place] ^ 1 << data.draw(st.integers(0, 7))]) + raw[place + 1 :]
    try:
        parsed = View.FromString(altered)
        opened = open_view(parsed)
    except (DecodeError, NodeError):
        return
    # A tag turned into that of a field nobody knows may leave the view as it was, nothing else may.
    parsed.DiscardUnknownFields()
    assert opened.leaf_hash != leaf or parsed == view or parsed.SerializeToString() == raw


def test_header_and_commitments_cannot_be_divided_otherwise() -> None:
    """The last commitment moved into the header, as an unknown field, would give the same hash input."""
    leaf, view = _sealed(Header(id="wuhan-17", city="wuhan"), [b"a", b"b"])
    mask(view, ())
    moved = view.facets[0].commitment
    shifted = View(header=view.header + moved, facets=[view.facets[1]])
    assert hash_record(shifted.header, [view.facets[1].commitment]) == leaf
    with pytest.raises(NodeError) as caught:
        open_view(shifted)
    assert caught.value.reason is Reason.BAD_COMMITMENT


@given(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=4), st.integers(0, 200))
def test_no_shift_of_the_boundary_opens(commitments: list[bytes], cut: int) -> None:
    header = Header(id="wuhan-17", city="wuhan", facets=len(commitments)).SerializeToString()
    whole = header + b"".join(commitments)
    for boundary in range(len(whole) % 32, len(whole) + 1, 32):
        if boundary == len(header) or not boundary:
            continue
        pieces = [whole[start : start + 32] for start in range(boundary, len(whole), 32)]
        with pytest.raises(NodeError):
            open_view(View(header=whole[:boundary], facets=[Facet(commitment=each) for each in pieces]))


@pytest.mark.parametrize(
    "view",
    [
        View(),
        View(leaf_hash=bytes(31)),
        View(leaf_hash=bytes(32), facets=[Facet()]),
        View(header=Header(id="a").SerializeToString(), leaf_hash=bytes(32)),
        View(header=Header(id="a", facets=1).SerializeToString()),
        View(header=Header(id="a").SerializeToString(), facets=[Facet(commitment=bytes(32))]),
        View(header=Header(facets=1).SerializeToString(), facets=[Facet()]),
        View(header=Header(facets=1).SerializeToString(), facets=[Facet(salt=bytes(15), body=b"x")]),
        View(header=Header(facets=1).SerializeToString(), facets=[Facet(salt=bytes(16), commitment=bytes(32))]),
        View(header=Header(facets=1).SerializeToString(), facets=[Facet(body=b"x", commitment=bytes(32))]),
        View(header=Header(facets=1).SerializeToString(), facets=[Facet(commitment=bytes(33))]),
        View(header=Header(facets=17).SerializeToString(), facets=[Facet(salt=bytes(16))] * 17),
        View(header=b"\xff\xff\xff", facets=[]),
    ],
)
def test_views_that_are_neither_open_nor_masked_nor_withheld(view: View) -> None:
    with pytest.raises(NodeError) as caught:
        open_view(view)
    assert caught.value.reason is Reason.BAD_COMMITMENT


arbitrary_facets = st.builds(
    Facet,
    salt=st.one_of(st.binary(max_size=20), st.just(bytes(16))),
    body=st.binary(max_size=20),
    commitment=st.one_of(st.binary(max_size=40), st.just(bytes(32))),
)


@given(
    st.one_of(st.binary(max_size=40), headers.map(lambda header: header.SerializeToString())),
    st.lists(arbitrary_facets, max_size=20),
    st.one_of(st.binary(max_size=40), st.just(bytes(32))),
)
def test_an_arbitrary_view_raises_nothing_but_node_errors(header: bytes, facets: list[Facet], leaf: bytes) -> None:
    try:
        opened = open_view(View(header=header, facets=facets, leaf_hash=leaf))
    except NodeError as error:
        assert error.reason is Reason.BAD_COMMITMENT  # noqa: PT017
    else:
        assert len(opened.leaf_hash) == HASH_BYTES


def test_a_withheld_record_is_its_leaf_hash() -> None:
    opened = open_view(View(leaf_hash=bytes(range(32))))
    assert (opened.leaf_hash, opened.header) == (bytes(range(32)), None)


@given(st.sampled_from(["wuhan", "xi-an"]), st.integers(0, 2**40 - 1))
def test_record_ids_round_trip(city: str, index: int) -> None:
    assert parse_record_id(record_id(city, index)) == (city, index)


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
    with pytest.raises(NodeError) as caught:
        parse_record_id(text)
    assert caught.value.reason is Reason.INVALID_ARGUMENT


@given(st.text(max_size=30))
def test_an_arbitrary_record_id_raises_nothing_but_node_errors(text: str) -> None:
    with suppress(NodeError):
        assert record_id(*parse_record_id(text)) == text


def test_a_commitment_made_to_read_as_header_fields_gives_no_second_record() -> None:
    """An origin may choose what it calls a commitment; 32 bytes can be a subject and another number of facets."""
    header = Header(id="wuhan-0", city="wuhan", standard="s", facets=2).SerializeToString()
    smuggled = Header(subjects=["uscc:" + "9" * 22], facets=1).SerializeToString()
    assert len(smuggled) == HASH_BYTES
    other = bytes(32)
    honest = View(header=header, facets=[Facet(commitment=smuggled), Facet(commitment=other)])
    twin = View(header=header + smuggled, facets=[Facet(commitment=other)])
    assert hash_record(twin.header, [other]) == open_view(honest).leaf_hash
    with pytest.raises(NodeError) as refused:
        open_view(twin)
    assert refused.value.reason is Reason.BAD_COMMITMENT
