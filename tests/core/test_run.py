"""Runs: sealed, opened, cut and joined they are the same records; and no bytes are two records."""

from collections.abc import Callable, Sequence
from hashlib import sha256
from itertools import pairwise
from typing import NamedTuple

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from node.core.log.body import read_body
from node.core.log.merkle import HASH_BYTES
from node.core.log.record import (
    MAX_AUDIENCE,
    MAX_FACETS,
    MAX_OWN_BYTES,
    MAX_SUBJECTS,
    Record,
    Shared,
    commit,
    read_own,
    share_common,
)
from node.core.log.run import (
    MAX_RUN_BYTES,
    MAX_RUN_RECORDS,
    OpenedRun,
    StoredRun,
    clip,
    cut,
    cut_one,
    extend,
    is_plain,
    join,
    mask,
    open_run,
    part,
    seal,
)
from node.core.log.subjects import index_entries
from node.core.standards.kinds import Kind, kind_of
from node.errors import NodeError, Reason
from node.stubs.record.v1.record_pb2 import Column, Common, Own, Run
from tests.kit.effort import effort

CITY = "wuhan"
FIRST = 40
subjects = st.one_of(st.just("uscc:914300007121944054"), st.text(max_size=6), st.text(min_size=120, max_size=140))
plain_owns = st.builds(Own, subjects=st.lists(subjects, min_size=1, max_size=1))
owns = st.one_of(
    plain_owns,
    st.builds(
        Own,
        subjects=st.lists(subjects, max_size=3),
        valid_from_ms=st.integers(-5, 5),
        valid_until_ms=st.sampled_from([0, -(2**63), 2**63 - 1]),
        supersedes=st.integers(0, FIRST),
        retracts=st.integers(0, FIRST),
    ),
)


class Made(NamedTuple):
    """A run, and what it is made of."""

    shared: Shared
    owns: list[bytes]
    bodies: list[list[bytes]]
    run: StoredRun

    @property
    def facets(self) -> range:
        return range(1, self.shared.common.facets + 1)


def make(told: Sequence[Own], bodies: list[list[bytes]], common: Common | None = None) -> Made:
    """A run at FIRST of so many records as there are own; every one with the same number of facets."""
    common = common or Common(city=CITY, standard="operator.registration")
    common.facets = len(bodies[0])
    raw = [own.SerializeToString(deterministic=True) for own in told]
    salts = b"".join(sha256(bytes([at % 256])).digest()[:16] for at in range(len(told) * common.facets))
    shared = share_common(common)
    return Made(shared, raw, bodies, seal(shared, raw, bodies, salts, FIRST))


@st.composite
def runs(draw: st.DrawFn, longest: int = MAX_RUN_RECORDS) -> Made:
    told = draw(st.lists(st.one_of(plain_owns, owns), min_size=1, max_size=longest))
    facets = draw(st.one_of(st.integers(0, 3), st.just(MAX_FACETS)))
    body = st.lists(st.binary(max_size=6), min_size=facets, max_size=facets)
    bodies = draw(st.lists(body, min_size=len(told), max_size=len(told)))
    standard = draw(st.sampled_from(["operator.registration", "listing.serious", "penalty", ""]))
    return make(told, bodies, Common(city=CITY, standard=standard, version=draw(st.integers(0, 2))))


def opened(run: StoredRun) -> OpenedRun:
    content = Run(leaf_hashes=run.hashes).SerializeToString() if run.content is None else run.content
    return open_run(content, run.first, CITY)


def masked(run: StoredRun, disclosed: set[int]) -> StoredRun:
    parsed = Run.FromString(run.content or b"")
    mask(parsed, disclosed)
    return run._replace(content=parsed.SerializeToString())


facet_sets = st.sets(st.integers(1, MAX_FACETS))


@given(runs())
def test_a_sealed_run_is_hashed_as_the_definition_says(made: Made) -> None:
    for place, (own, bodies) in enumerate(zip(made.owns, made.bodies, strict=True)):
        openings = [column.openings[place] for column in Run.FromString(made.run.content or b"").columns]
        assert [opening[16:] for opening in openings] == bodies
        assert len({opening[:16] for opening in openings}) == len(openings)
        commitments = b"".join(commit(number, opening) for number, opening in enumerate(openings, 1))
        due = sha256(b"\x00" + sha256(made.shared.raw).digest() + commitments + own).digest()
        assert made.run.hashes[place * HASH_BYTES : (place + 1) * HASH_BYTES] == due


@given(runs(), facet_sets)
def test_a_run_is_opened_as_it_was_sealed_whatever_is_masked(made: Made, disclosed: set[int]) -> None:
    run = masked(made.run, disclosed)
    found = opened(run)
    assert (found.stored, found.shared) == (run, made.shared)
    assert found.stored.hashes == made.run.hashes
    assert found.disclosed == frozenset(disclosed) & set(made.facets)
    kind = kind_of(made.shared.common.standard)
    told = [(index, Own.FromString(own)) for index, own in enumerate(made.owns, FIRST)]
    assert list(found.entries) == [entry for index, own in told for entry in index_entries(own.subjects, kind, index)]
    assert list(found.special) == [(index, own) for index, own in told if own.supersedes or own.retracts]


@given(runs(), facet_sets)
def test_what_is_cut_and_joined_is_the_same_run(made: Made, disclosed: set[int]) -> None:
    run = masked(made.run, disclosed)
    records = cut(run)
    assert [record.index for record in records] == list(range(run.first, run.end))
    assert [record.own for record in records] == made.owns
    assert b"".join(record.leaf_hash for record in records) == run.hashes
    assert records == [record.masked(disclosed) for record in cut(made.run)]
    assert records == [cut_one(run, index) for index in range(run.first, run.end)]
    assert join(records) == [run]
    for record in records:
        shown = [body for number, body in enumerate(made.bodies[record.index - FIRST], 1) if number in disclosed]
        assert (record.disclosed, list(record.bodies())) == (frozenset(disclosed) & set(made.facets), shown)


@given(runs(), st.integers(0, 80), st.integers(0, 80), facet_sets)
def test_a_part_of_a_run_is_its_records_from_there_to_there(
    made: Made, begin: int, end: int, disclosed: set[int]
) -> None:
    run = masked(made.run, disclosed)
    begin, end = sorted((min(max(begin, FIRST), run.end), min(max(end, FIRST), run.end)))
    if begin == end:
        return
    clipped = clip(run, begin, end)
    assert cut(clipped) == cut(run)[begin - FIRST : end - FIRST]
    assert opened(clipped).stored == clipped
    before, after = (
        part(Run.FromString(run.content or b""), *places)
        for places in ((0, begin - FIRST), (begin - FIRST, run.length))
    )
    if before.own:
        assert extend(before, after)
        assert before.SerializeToString() == run.content


def test_clipping_what_lies_within_changes_nothing() -> None:
    run = make([Own()] * 3, [[b"a"]] * 3).run
    assert clip(run, 0, 99) is run
    gone = StoredRun(FIRST, run.hashes, None)
    assert clip(gone, FIRST + 1, FIRST + 2) == StoredRun(FIRST + 1, run.hashes[32:64], None)


@given(st.data())
def test_records_are_joined_where_and_only_where_a_receiver_says_they_could_be(data: st.DataObject) -> None:
    """A receiver refuses two neighbouring runs that could have been one: an honest origin's are never refused."""
    records: list[Record] = []
    for run in data.draw(st.lists(runs(longest=20), min_size=1, max_size=4)):
        shown = data.draw(st.one_of(st.none(), st.sampled_from([set(), {1}, {1, 2}])))
        cut_run = cut(run.run if shown is None else masked(run.run, shown))
        if data.draw(st.booleans()):
            cut_run = [Record(record.index, record.leaf_hash) for record in cut_run]
        for record in cut_run:
            records.append(
                Record(len(records), record.leaf_hash, record.shared, record.own, record.facets, record.commitments)
            )
    joined = join(records)
    assert [record for run in joined for record in cut(run)] == records
    # What they point at may no longer stand before them where they stand now: only the form counts here.
    seen = [opened(run._replace(first=FIRST + run.first)) for run in joined]
    assert not any(one.could_join(other) for one, other in pairwise(seen))


def test_neighbours_with_another_common_or_other_facets_are_no_run() -> None:
    def run(common: Common, disclosed: set[int]) -> Run:
        return Run.FromString(masked(make([Own()], [[b"a", b"b"]], common).run, disclosed).content or b"")

    one = run(Common(city=CITY), {1})
    withheld = Run(leaf_hashes=bytes(32))
    for other in (run(Common(city=CITY, source="x"), {1}), run(Common(city=CITY), {2}), run(Common(city=CITY), {1, 2})):
        assert not extend(one, other)
    assert not extend(one, withheld)
    assert not extend(withheld, one)
    assert extend(withheld, Run(leaf_hashes=bytes(32 * 31)))
    assert not extend(withheld, Run(leaf_hashes=bytes(32)))
    assert extend(one, run(Common(city=CITY), {1}))


def test_large_records_are_not_joined() -> None:
    """A run of more than one record is not dear to parse for one record of it."""
    large = [make([Own()], [[bytes(size)]]).run for size in (MAX_RUN_BYTES // 2, MAX_RUN_BYTES // 2, 5)]
    first, second, small = large
    joined = join(record for index, run in enumerate(large) for record in cut(run._replace(first=index)))
    assert [run.length for run in joined] == [1, 2]
    assert not opened(first).could_join(opened(second))
    assert opened(second).could_join(opened(small))


# --- refusals


def _run(**parts: object) -> Run:
    return Run(**({"common": Common(city=CITY, facets=1).SerializeToString(), "own": [b""]} | parts))  # type: ignore[arg-type]


_OPEN = Column(openings=[bytes(16)])
_TWO = Common(city=CITY, facets=2).SerializeToString()
REFUSED: dict[str, Run | bytes] = {
    "nothing": Run(),
    "no common": _run(common=b"", columns=[_OPEN]),
    "no own": _run(own=[], columns=[_OPEN]),
    "no column": _run(),
    "a column too many": _run(columns=[_OPEN, _OPEN]),
    "an empty column": _run(columns=[Column()]),
    "a column too short": _run(own=[b"", b""], columns=[_OPEN]),
    "a column too long": _run(columns=[Column(openings=[bytes(16)] * 2)]),
    "columns of unequal length": _run(
        common=_TWO, own=[b"", b""], columns=[Column(openings=[bytes(16)] * 2), Column(openings=[bytes(16)])]
    ),
    "a short salt": _run(columns=[Column(openings=[bytes(15)])]),
    "one short salt of two": _run(own=[b"", b""], columns=[Column(openings=[bytes(16), bytes(15)])]),
    "a short commitment": _run(columns=[Column(commitments=[bytes(31)])]),
    "a long commitment": _run(columns=[Column(commitments=[bytes(33)])]),
    "open and masked": _run(columns=[Column(openings=[bytes(16)], commitments=[bytes(32)])]),
    "open and masked by turns": _run(own=[b"", b""], columns=[Column(openings=[bytes(16)], commitments=[bytes(32)])]),
    "too many records": _run(own=[b""] * 33, columns=[Column(openings=[bytes(16)] * 33)]),
    "seventeen facets": _run(common=Common(city=CITY, facets=17).SerializeToString(), columns=[_OPEN] * 17),
    "withheld, a short hash": Run(leaf_hashes=bytes(31)),
    "withheld, too many": Run(leaf_hashes=bytes(33 * 32)),
    "withheld and open": _run(columns=[_OPEN], leaf_hashes=bytes(32)),
    "withheld with a common": Run(leaf_hashes=bytes(32), common=_TWO),
    "withheld with own": Run(leaf_hashes=bytes(32), own=[b""]),
    "withheld with columns": Run(leaf_hashes=bytes(32), columns=[_OPEN]),
    "noise": b"\xff" * 9,
    "breaks off": _run(columns=[_OPEN]).SerializeToString()[:-1],
    "an unknown field": _run(columns=[_OPEN]).SerializeToString() + b"\xf2\x01\x01x",
    "an unknown field in a column": _run(columns=[]).SerializeToString()
    + b"\x1a\x16\x0a\x10"
    + bytes(16)
    + b"\x22\x02xx",
    "a long length": b"\x0a" + bytes([len(_TWO) | 0x80, 0]) + _TWO + b"\x12\x00",
    "two commons": _run(columns=[_OPEN]).SerializeToString() + b"\x0a" + bytes([len(_TWO)]) + _TWO,
    "an empty common stated": b"\x0a\x00" + Run(leaf_hashes=bytes(32)).SerializeToString(),
    "leaf hashes twice": Run(leaf_hashes=bytes(32)).SerializeToString() * 2,
}


@pytest.mark.parametrize("run", REFUSED.values(), ids=REFUSED)
def test_runs_that_are_none(run: Run | bytes) -> None:
    with pytest.raises(NodeError) as caught:
        open_run(run if isinstance(run, bytes) else run.SerializeToString(), FIRST, CITY)
    assert caught.value.reason is Reason.BAD_COMMITMENT


OWNS: dict[str, tuple[Own | bytes, Reason]] = {
    "a tag alone": (b"\x0a", Reason.BAD_COMMITMENT),
    "breaks off": (b"\x0a\x05abc", Reason.BAD_COMMITMENT),
    "no UTF-8": (b"\x0a\x01\xff", Reason.BAD_COMMITMENT),
    "the first half of a character": (b"\x0a\x02\xe7\xbb", Reason.BAD_COMMITMENT),
    "its other half": (b"\x0a\x01\x87", Reason.BAD_COMMITMENT),
    "half of a surrogate pair": (b"\x0a\x03\xed\xa0\x80", Reason.BAD_COMMITMENT),
    "a long length": (b"\x0a\x81\x00s", Reason.BAD_COMMITMENT),
    "a long tag": (b"\x8a\x00\x01s", Reason.BAD_COMMITMENT),
    "an unknown field": (b"\x0a\x01s\x32\x01x", Reason.BAD_COMMITMENT),
    "out of order": (b"\x10\x05\x0a\x01s", Reason.BAD_COMMITMENT),
    "a default": (b"\x20\x00", Reason.BAD_COMMITMENT),
    "replaces itself": (Own(supersedes=FIRST + 3), Reason.WRONG_RECORD_ID),
    "replaces a later one": (Own(supersedes=2**64 - 1), Reason.WRONG_RECORD_ID),
    "retracts itself": (Own(retracts=FIRST + 3), Reason.WRONG_RECORD_ID),
    "replaces an earlier and retracts a later one": (Own(supersedes=3, retracts=FIRST + 4), Reason.WRONG_RECORD_ID),
}


@pytest.mark.parametrize(("own", "due"), OWNS.values(), ids=OWNS)
def test_own_that_is_none_is_found_among_others(own: Own | bytes, due: Reason) -> None:
    raw = own if isinstance(own, bytes) else own.SerializeToString(deterministic=True)
    others = [b"\x0a\x01a", b"\x0a\x02\xe7\xbb"[:2] + b"bb", raw, b"\x0a\x01\x7a"]
    run = Run(common=Common(city=CITY).SerializeToString(), own=others)
    with pytest.raises(NodeError) as caught:
        open_run(run.SerializeToString(), FIRST, CITY)
    assert caught.value.reason is due


def test_two_halves_of_a_character_are_no_text() -> None:
    """Nearly every own is one short subject; all of a run are checked at once, and none may lean on the next."""
    whole = "织".encode()
    halves = [b"\x0a" + bytes([len(half)]) + half for half in (whole[:1], whole[1:])]
    assert all(map(is_plain, halves))
    run = Run(common=Common(city=CITY).SerializeToString(), own=halves)
    with pytest.raises(NodeError) as caught:
        open_run(run.SerializeToString(), FIRST, CITY)
    assert caught.value.reason is Reason.BAD_COMMITMENT


def test_a_run_is_of_the_city_whose_log_it_is_in() -> None:
    with pytest.raises(NodeError) as caught:
        open_run(make([Own()], [[]]).run.content or b"", FIRST, "hefei")
    assert caught.value.reason is Reason.WRONG_CITY


@pytest.mark.parametrize("facets", [0, 3, 5, MAX_FACETS])
def test_other_facets_than_the_standard_has_are_of_the_log_and_cannot_be_read(facets: int) -> None:
    """A city signs what it likes: the record stands in its log, and nobody reads a body of it."""
    common = Common(city=CITY, standard="operator.registration", version=1, issued_at_ms=1)
    (record,) = cut(opened(make([Own()], [[b""] * facets], common).run).stored)
    with pytest.raises(NodeError) as caught:
        read_body(record)
    assert caught.value.reason is Reason.INVALID_FIELD


def test_a_stored_run_that_is_damaged_is_refused() -> None:
    run = make([Own(), Own()], [[b"a"], [b"b"]]).run
    shorter = part(Run.FromString(run.content or b""), 0, 1).SerializeToString()
    for damaged in (run._replace(content=shorter), run._replace(content=b"\xff"), run._replace(hashes=bytes(32))):
        with pytest.raises(NodeError) as caught:
            cut(damaged)
        assert caught.value.reason is Reason.BAD_COMMITMENT


def test_own_may_be_empty_or_huge_and_name_a_subject_twice() -> None:
    many = ["s" * 30, "s" * 30, ""] * (MAX_SUBJECTS // 3)
    found = opened(make([Own(), Own(subjects=many), Own(subjects=["s" * 5000])], [[]] * 3).run)
    assert [index for _key, index in found.entries] == [FIRST + 1] * 2 + [FIRST + 2], "each key once"
    assert next(record.own for record in cut(found.stored)) == b""


# --- one leaf, one record

plain_forms = st.one_of(
    st.binary(max_size=12),
    st.text(max_size=130).map(lambda text: Own(subjects=[text]).SerializeToString()),
    st.binary(max_size=130).map(lambda text: b"\x0a" + bytes([len(text) % 128]) + text),
    owns.map(Own.SerializeToString),
)


@given(st.lists(plain_forms, min_size=1, max_size=4))
def test_the_short_look_at_own_takes_what_a_parse_takes_and_nothing_else(raw: list[bytes]) -> None:
    run = Run(common=Common(city=CITY, standard="operator.registration").SerializeToString(), own=raw)
    try:
        due = [read_own(own) for own in raw]
    except NodeError:
        due = None
    if due is not None and any(max(own.supersedes, own.retracts) > FIRST for own in due):
        due = None
    try:
        found = open_run(run.SerializeToString(), FIRST, CITY)
    except NodeError:
        assert due is None
        return
    assert due is not None
    kind = Kind.REGISTRATION
    assert list(found.entries) == [
        entry for index, own in enumerate(due, FIRST) for entry in index_entries(own.subjects, kind, index)
    ]


def hashed(raw: bytes) -> tuple[bytes, list[bytes], list[list[bytes]]]:
    """Common, own and commitments of a run."""
    run = Run.FromString(raw)
    columns = [
        [commit(number, opening) for opening in column.openings] or list(column.commitments)
        for number, column in enumerate(run.columns, 1)
    ]
    return run.common, list(run.own), columns


def _flipped(raw: bytes, data: st.DataObject) -> bytes:
    at = data.draw(st.integers(0, len(raw) - 1))
    return raw[:at] + bytes([raw[at] ^ 1 << data.draw(st.integers(0, 7))]) + raw[at + 1 :]


def _spliced(raw: bytes, data: st.DataObject) -> bytes:
    at, gone = data.draw(st.integers(0, len(raw))), data.draw(st.integers(0, 8))
    added = data.draw(
        st.one_of(st.binary(max_size=8), st.sampled_from([b"\x80\x00", b"\x0a\x00", b"\x1a\x02\x12\x00"]))
    )
    return raw[:at] + added + raw[at + gone :]


def _moved(raw: bytes, data: st.DataObject) -> bytes:
    """Bytes moved over the boundaries of what is hashed: common | commitments | own."""
    run = Run.FromString(raw)
    pieces = [column.commitments[0] if column.commitments else b"" for column in run.columns]
    which = data.draw(st.sampled_from(["commitment into own", "own into commitment", "own into common", "all"]))
    own = run.own[0]
    if which == "commitment into own" and pieces and pieces[-1]:
        del run.columns[-1]
        own = pieces[-1] + own
    elif which == "own into commitment":
        length = data.draw(st.sampled_from([1, 31, 32, 33, 64]))
        run.columns.add(commitments=[own[:length]])
        own = own[length:]
    elif which == "own into common":
        length = data.draw(st.integers(0, len(own)))
        run.common, own = run.common + own[:length], own[length:]
    elif all(pieces):
        del run.columns[:]
        own = b"".join(pieces) + own
    if data.draw(st.booleans()):  # and common told to fit
        common = Common.FromString(Run.FromString(raw).common)
        common.facets = len(run.columns)
        run.common = common.SerializeToString(deterministic=True)
    run.own[0] = own
    return run.SerializeToString()


ATTACKS: tuple[Callable[[bytes, st.DataObject], bytes], ...] = (_flipped, _spliced, _moved)


@effort(examples=500)
@given(st.data())
def test_no_two_records_have_one_leaf(data: st.DataObject) -> None:
    """Bytes changed and boundaries moved: a run that is taken and says anything else has another leaf.

    Commitments are chosen as an attacker would, to read as fields of own and own to read as commitments.
    """
    facets = data.draw(st.integers(0, 3))
    smuggled = Own(subjects=["x" * 30]).SerializeToString()
    own = data.draw(st.one_of(st.just(smuggled + b"\x10\x05"), st.just(smuggled * 2), owns.map(Own.SerializeToString)))
    chosen = st.one_of(st.just(smuggled), st.binary(min_size=32, max_size=32))
    columns = [Column(commitments=[data.draw(chosen)]) for _ in range(facets)]
    if columns and data.draw(st.sampled_from([True, False])):
        columns[0] = Column(openings=[data.draw(st.binary(min_size=16, max_size=40))])
    common = Common(city=CITY, facets=facets, standard="s").SerializeToString(deterministic=True)
    raw = Run(common=common, own=[own], columns=columns).SerializeToString()
    due = open_run(raw, FIRST, CITY)

    altered = raw
    for _ in range(data.draw(st.integers(1, 3))):
        try:
            altered = data.draw(st.sampled_from(ATTACKS))(altered, data)
        except (DecodeError, IndexError):
            return
        if not altered:
            return
    try:
        found = open_run(altered, FIRST, CITY)
    except NodeError:
        return
    if found.shared is not None and found.stored.hashes == due.stored.hashes:
        # A facet may be told open or masked, as a peer may see it; all else is the same to the last byte.
        assert hashed(altered) == hashed(raw)


@given(st.data())
def test_what_is_hashed_can_be_cut_in_one_way_only(data: st.DataObject) -> None:
    """Every division of a leaf's very bytes but the one that common states is refused."""
    facets = data.draw(st.integers(0, 3))
    smuggled = Own(subjects=["x" * 30]).SerializeToString()
    shared = share_common(Common(city=CITY, facets=facets))
    own = b"".join(data.draw(st.lists(st.just(smuggled), max_size=3))) + b"\x10\x05"
    commitments = [data.draw(st.one_of(st.just(smuggled), st.binary(min_size=32, max_size=32))) for _ in range(facets)]
    hashed = b"".join(commitments) + own
    taken = []
    for count in range(len(hashed) // 32 + 1):
        columns = [Column(commitments=[hashed[at : at + 32]]) for at in range(0, count * 32, 32)]
        run = Run(common=shared.raw, own=[hashed[count * 32 :]], columns=columns)
        try:
            taken.append((count, open_run(run.SerializeToString(), FIRST, CITY).stored.hashes))
        except NodeError as error:
            assert error.reason is Reason.BAD_COMMITMENT  # noqa: PT017
    assert taken == [(facets, sha256(shared.leaf_prefix + hashed).digest())]


@given(st.binary(max_size=200))
def test_arbitrary_bytes_raise_nothing_but_node_errors(raw: bytes) -> None:
    try:
        found = open_run(raw, FIRST, CITY)
    except NodeError as error:
        assert error.reason in {Reason.BAD_COMMITMENT, Reason.WRONG_CITY, Reason.WRONG_RECORD_ID}  # noqa: PT017
    else:
        assert cut(found.stored)


@pytest.mark.parametrize("own", [Own(subjects=["x" * MAX_OWN_BYTES]), Own(subjects=[""] * (MAX_SUBJECTS + 1))])
def test_an_own_has_so_many_bytes_and_subjects(own: Own) -> None:
    with pytest.raises(NodeError) as caught:
        read_own(own.SerializeToString())
    assert caught.value.reason is Reason.BAD_COMMITMENT
    assert read_own(Own(subjects=["x"] * MAX_SUBJECTS).SerializeToString())


def test_a_common_names_so_many_cities() -> None:
    """It is read again with each of its records: one that is dear would be dear 32 times."""
    assert share_common(Common(city=CITY, audience=["a"] * MAX_AUDIENCE))
    with pytest.raises(NodeError) as caught:
        share_common(Common(city=CITY, audience=[""] * (MAX_AUDIENCE + 1)))
    assert caught.value.reason is Reason.BAD_COMMITMENT


def test_a_run_of_several_records_has_so_many_bytes() -> None:
    """A point read parses the whole of it."""
    large = [b"x" * MAX_RUN_BYTES, b"y" * MAX_RUN_BYTES]
    run = make([Own(), Own()], [[body] for body in large]).run
    with pytest.raises(NodeError) as caught:
        open_run(run.content or b"", 0, CITY)
    assert caught.value.reason is Reason.BAD_COMMITMENT
    alone = make([Own()], [[b"x" * 3 * MAX_RUN_BYTES]]).run
    assert open_run(alone.content or b"", 0, CITY).stored.length == 1
