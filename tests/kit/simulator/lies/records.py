"""What a record says: altered on the way, or wrongly disclosed.

A common header cannot change within a run: a run has one, and a second is refused. Salt and body of a facet stand
without a mark between them: a byte moved from the one into the other changes nothing.
"""

from collections.abc import Callable

from node.core.log.merkle import HASH_BYTES
from node.core.log.record import MAX_COMMON_BYTES, Record
from node.core.log.run import MAX_RUN_RECORDS
from node.errors import Reason
from node.stubs.record.v1.record_pb2 import Column, Common, Run
from tests.kit.simulator.lies.register import RANDOM, Story, lie
from tests.kit.simulator.memory_log import withheld
from tests.kit.simulator.origin import Origin
from tests.kit.simulator.telling import fill, records_of, with_common, with_own

_PLACE = 17
# A field that no message here has, of 90 kilobytes.
_UNKNOWN = b"\xfa\x7f\x90\xbf\x05" + bytes(90_000)
Change = Callable[[bytes], bytes]


def _altered(story: Story, alter: Callable[[Run, int], object], place: int = _PLACE) -> Story:
    """Alters the run that holds the record at `place` of the first batch; `alter` is told its place in the run."""
    for number, raw in enumerate(story[0].runs):
        run = Run.FromString(raw)
        length = len(run.own) or len(run.leaf_hashes) // HASH_BYTES
        if place < length:
            alter(run, place)
            story[0].runs[number] = run.SerializeToString()
            return story
        place -= length
    raise AssertionError("the first batch has no such record")


def _rewritten(story: Story, change: Change) -> Story:
    """Alters the bytes of the first run."""
    story[0].runs[0] = change(story[0].runs[0])
    return story


def _put(story: Story, change: Callable[[Record], Record]) -> Story:
    """Puts another record in the place of one."""
    records = records_of(story[:1])
    records[_PLACE] = change(records[_PLACE])
    fill(story[0], records)
    return story


def _opening(change: Change, number: int = 1) -> Callable[[Run, int], None]:
    def alter(run: Run, place: int) -> None:
        openings = run.columns[number - 1].openings
        openings[place] = change(openings[place])

    return alter


def _own(change: Change) -> Callable[[Run, int], None]:
    def alter(run: Run, place: int) -> None:
        run.own[place] = change(run.own[place])

    return alter


def _masked(run: Run) -> Column:
    return next(column for column in run.columns if column.commitments)


@lie(Reason.BAD_COMMITMENT, "fresh", "midway", "caught up")
def altered_facet(_: Origin, story: Story) -> Story:
    return _altered(story, _opening(lambda opening: opening[:16] + opening[16:].replace(b"\xe7", b"\xe8")))


@lie(Reason.BAD_COMMITMENT)
def emptied_facet(_: Origin, story: Story) -> Story:
    return _altered(story, _opening(lambda opening: opening[:16], 2))


@lie(Reason.BAD_COMMITMENT)
def altered_common(_: Origin, story: Story) -> Story:
    """Of one record: it stands in a run of its own."""
    return _put(story, lambda record: with_common(record, as_of_ms=1))


@lie(Reason.BAD_COMMITMENT)
def altered_common_of_a_run(_: Origin, story: Story) -> Story:
    def alter(run: Run, _place: int) -> None:
        common = Common.FromString(run.common)
        common.as_of_ms += 1
        run.common = common.SerializeToString(deterministic=True)

    return _altered(story, alter)


@lie(Reason.BAD_COMMITMENT)
def second_common_in_a_run(_: Origin, story: Story) -> Story:
    """To a protobuf library the last one counts."""

    def double(raw: bytes) -> bytes:
        common = Common.FromString(Run.FromString(raw).common)
        common.as_of_ms += 1
        return raw + Run(common=common.SerializeToString(deterministic=True)).SerializeToString()

    return _rewritten(story, double)


@lie(Reason.BAD_COMMITMENT)
def added_subject(_: Origin, story: Story) -> Story:
    return _put(story, lambda record: with_own(record, subjects=["uscc:914300007121944054"]))


@lie(Reason.BAD_COMMITMENT)
def own_with_unknown_fields(_: Origin, story: Story) -> Story:
    """Ninety kilobytes that mean nothing: no part of its one form."""
    return _altered(story, _own(lambda own: own + _UNKNOWN))


@lie(Reason.BAD_COMMITMENT)
def own_with_a_long_length(_: Origin, story: Story) -> Story:
    """A varint of two bytes where one would do: read alike by every library, and another leaf."""
    return _altered(story, _own(lambda own: own[:1] + bytes([own[1] | 0x80, 0]) + own[2:]))


@lie(Reason.BAD_COMMITMENT)
def own_that_breaks_off(_: Origin, story: Story) -> Story:
    return _altered(story, _own(lambda own: own[:1]))


@lie(Reason.BAD_COMMITMENT)
def own_is_noise(_: Origin, story: Story) -> Story:
    return _altered(story, _own(lambda _own_: b"\xff" * 40))


@lie(Reason.BAD_COMMITMENT)
def own_is_no_text(_: Origin, story: Story) -> Story:
    return _altered(story, _own(lambda own: own[:2] + b"\xff" * (len(own) - 2)))


@lie(Reason.BAD_COMMITMENT)
def common_with_unknown_fields(_: Origin, story: Story) -> Story:
    return _altered(story, lambda run, _place: setattr(run, "common", run.common + b"\xfa\x7f\x01x"))


@lie(Reason.BAD_COMMITMENT)
def common_too_long(_: Origin, story: Story) -> Story:
    def lengthen(run: Run, _place: int) -> None:
        common = Common.FromString(run.common)
        common.source = "s" * MAX_COMMON_BYTES
        run.common = common.SerializeToString(deterministic=True)

    return _altered(story, lengthen)


@lie(Reason.BAD_COMMITMENT)
def common_is_noise(_: Origin, story: Story) -> Story:
    return _altered(story, lambda run, _place: setattr(run, "common", b"\xff" * 40))


@lie(Reason.BAD_COMMITMENT)
def no_common(_: Origin, story: Story) -> Story:
    return _altered(story, lambda run, _place: run.ClearField("common"))


@lie(Reason.BAD_COMMITMENT)
def run_with_unknown_fields(_: Origin, story: Story) -> Story:
    """Under no hash: kept with the run, it would be stored."""
    return _rewritten(story, lambda raw: raw + _UNKNOWN)


@lie(Reason.BAD_COMMITMENT)
def column_with_unknown_fields(_: Origin, story: Story) -> Story:
    return _altered(story, lambda run, _place: run.columns[0].MergeFromString(_UNKNOWN))


@lie(Reason.BAD_COMMITMENT)
def run_with_a_long_length(_: Origin, story: Story) -> Story:
    def lengthen(raw: bytes) -> bytes:
        length = raw[1] & 0x7F
        assert raw[1] < 0x80, "the length of common is one byte"
        return raw[:1] + bytes([length | 0x80, 0]) + raw[2:]

    return _rewritten(story, lengthen)


@lie(Reason.BAD_COMMITMENT)
def run_is_noise(_: Origin, story: Story) -> Story:
    return _rewritten(story, lambda _raw: b"\xff" * 40)


@lie(Reason.BAD_COMMITMENT)
def wrong_salt(_: Origin, story: Story) -> Story:
    return _altered(story, _opening(lambda opening: RANDOM[:16] + opening[16:]))


@lie(Reason.BAD_COMMITMENT)
def short_salt(_: Origin, story: Story) -> Story:
    return _altered(story, _opening(lambda opening: opening[:15]))


@lie(Reason.BAD_COMMITMENT)
def no_salt(_: Origin, story: Story) -> Story:
    return _altered(story, _opening(lambda opening: opening[16:]))


@lie(Reason.BAD_COMMITMENT)
def wrong_mask(_: Origin, story: Story) -> Story:
    return _altered(story, lambda run, place: _masked(run).commitments.__setitem__(place, RANDOM))


@lie(Reason.BAD_COMMITMENT)
def short_mask(_: Origin, story: Story) -> Story:
    return _altered(story, lambda run, place: _masked(run).commitments.__setitem__(place, RANDOM[:31]))


@lie(Reason.BAD_COMMITMENT)
def open_and_masked(_: Origin, story: Story) -> Story:
    """A facet of every record of a run, both ways at once."""
    return _altered(story, lambda run, _place: run.columns[0].commitments.extend([RANDOM] * len(run.own)))


@lie(Reason.BAD_COMMITMENT)
def open_and_masked_by_turns(_: Origin, story: Story) -> Story:
    """A facet that is masked in one record of a run and open in the others."""

    def alter(run: Run, place: int) -> None:
        del run.columns[0].openings[place]
        run.columns[0].commitments.append(RANDOM)

    return _altered(story, alter)


@lie(Reason.BAD_COMMITMENT)
def column_too_short(_: Origin, story: Story) -> Story:
    return _altered(story, lambda run, place: run.columns[0].openings.pop(place))


@lie(Reason.BAD_COMMITMENT)
def column_too_long(_: Origin, story: Story) -> Story:
    return _altered(story, lambda run, _place: run.columns[0].openings.append(RANDOM))


@lie(Reason.BAD_COMMITMENT)
def masked_column_too_short(_: Origin, story: Story) -> Story:
    return _altered(story, lambda run, place: _masked(run).commitments.pop(place))


@lie(Reason.BAD_COMMITMENT)
def empty_column(_: Origin, story: Story) -> Story:
    return _altered(story, lambda run, _place: run.columns[0].Clear())


@lie(Reason.BAD_COMMITMENT)
def own_left_out(_: Origin, story: Story) -> Story:
    return _altered(story, lambda run, place: run.own.pop(place))


@lie(Reason.BAD_COMMITMENT)
def swapped_facets(_: Origin, story: Story) -> Story:
    def swap(run: Run, _place: int) -> None:
        columns = list(run.columns)
        del run.columns[:]
        run.columns.extend([columns[1], columns[0], *columns[2:]])

    return _altered(story, swap)


@lie(Reason.BAD_COMMITMENT)
def dropped_facet(_: Origin, story: Story) -> Story:
    return _altered(story, lambda run, _place: run.columns.pop())


@lie(Reason.BAD_COMMITMENT)
def dropped_facet_and_common_told_so(_: Origin, story: Story) -> Story:
    """A common header of fewer facets is another one: its digest stands in the leaf."""

    def alter(run: Run, _place: int) -> None:
        run.columns.pop()
        common = Common.FromString(run.common)
        common.facets -= 1
        run.common = common.SerializeToString(deterministic=True)

    return _altered(story, alter)


@lie(Reason.BAD_COMMITMENT)
def added_facet(_: Origin, story: Story) -> Story:
    return _altered(story, lambda run, _place: run.columns.add(openings=[RANDOM] * len(run.own)))


@lie(Reason.BAD_COMMITMENT)
def last_commitment_moved_into_own(_: Origin, story: Story) -> Story:
    """The very bytes that are hashed, cut elsewhere: one leaf, and no second record."""

    def move(run: Run, _place: int) -> None:
        assert run.columns[-1].commitments, "the last facet is withheld"
        commitments = list(run.columns.pop().commitments)
        run.own[:] = [commitment + own for commitment, own in zip(commitments, run.own, strict=True)]

    return _altered(story, move)


@lie(Reason.BAD_COMMITMENT)
def facets_of_another_record(_: Origin, story: Story) -> Story:
    def alter(run: Run, place: int) -> None:
        for column in run.columns:
            each = column.openings or column.commitments
            each[place] = each[place + 1]

    return _altered(story, alter)


@lie(Reason.BAD_COMMITMENT)
def withheld_and_open(_: Origin, story: Story) -> Story:
    return _altered(story, lambda run, _place: setattr(run, "leaf_hashes", story[0].leaf_hashes[: 32 * len(run.own)]))


@lie(Reason.BAD_COMMITMENT)
def withheld_with_open_parts(_: Origin, story: Story) -> Story:
    """Leaf hashes beside own and columns, with no common header."""

    def alter(run: Run, _place: int) -> None:
        run.ClearField("common")
        run.leaf_hashes = story[0].leaf_hashes[: 32 * len(run.own)]

    return _altered(story, alter)


@lie(Reason.BAD_COMMITMENT)
def withheld_under_short_hash(_: Origin, story: Story) -> Story:
    hashes = story[0].leaf_hashes[: 32 * MAX_RUN_RECORDS]
    return _rewritten(story, lambda _raw: Run(leaf_hashes=hashes[:-1]).SerializeToString())


@lie(Reason.BAD_COMMITMENT)
def withheld_under_wrong_hash(_: Origin, story: Story) -> Story:
    return _put(story, lambda record: Record(record.index, RANDOM))


@lie(Reason.BAD_COMMITMENT)
def empty_run(_: Origin, story: Story) -> Story:
    return _rewritten(story, lambda _raw: b"")


@lie(Reason.BAD_COMMITMENT)
def run_of_nothing_but_common(_: Origin, story: Story) -> Story:
    def alter(run: Run, _place: int) -> None:
        del run.own[:], run.columns[:]

    return _altered(story, alter)


@lie(Reason.BAD_COMMITMENT)
def run_of_too_many(_: Origin, story: Story) -> Story:
    """Every record true and proven, 64 in a run."""
    first, second = (Run.FromString(raw) for raw in story[0].runs[:2])
    assert len(first.own) == MAX_RUN_RECORDS
    first.own.extend(second.own)
    for column, more in zip(first.columns, second.columns, strict=True):
        column.MergeFrom(more)
    story[0].runs[:2] = [first.SerializeToString()]
    return story


@lie(Reason.BAD_COMMITMENT)
def withheld_run_of_too_many(_: Origin, story: Story) -> Story:
    records = [withheld(record) for record in records_of(story[:1])]
    hashes = b"".join(record.leaf_hash for record in records)
    story[0].runs[:] = [Run(leaf_hashes=hashes).SerializeToString()]
    return story


@lie(Reason.BAD_CONSISTENCY, "fresh", "midway", "caught up")
def altered_facet_and_its_leaf_hash(origin: Origin, story: Story) -> Story:
    """Nothing names the record any more: only the tree says that something is not so."""
    altered_facet(origin, story)
    story[0].leaf_hashes = b"".join(record.leaf_hash for record in records_of(story[:1]))
    return story


@lie(Reason.BAD_COMMITMENT)
def leaf_hashes_cut_short(origin: Origin, story: Story) -> Story:
    altered_facet(origin, story)
    story[0].leaf_hashes = story[0].leaf_hashes[:100]
    return story
