"""Which records there are, and where: told with the city's real key, consistent in itself.

A record bears no number, its place is its id: one under another's number cannot be told at all.
"""

from node.errors import Reason
from tests.kit.simulator.lies.register import Story, Tell, lie, tell_all
from tests.kit.simulator.memory_log import withheld
from tests.kit.simulator.origin import Origin
from tests.kit.simulator.telling import fill, records_of, tell, with_common, with_own


@lie(Reason.WRONG_CITY)
def record_of_another_city(origin: Origin, story: Story) -> Story:
    records = records_of(story)
    records[17] = with_common(records[17], city="hefei")
    return tell(origin, records)


@lie(Reason.WRONG_CITY)
def records_of_another_city(origin: Origin, story: Story) -> Story:
    """A whole run, and nothing but its common header says so."""
    return tell(origin, [with_common(record, city="hefei") for record in records_of(story)])


@lie(Reason.BAD_COMMITMENT)
def one_record_twice(_: Origin, story: Story) -> Story:
    """The others move down, and the last of the batch is left out."""
    records = records_of(story[:1])
    fill(story[0], [*records[:18], *records[17:-1]])
    return story


def _pointing(field: str, leaf: int) -> Tell:
    def story_of(origin: Origin, story: Story) -> Story:
        records = records_of(story)
        records[17] = with_own(records[17], **{field: leaf + 1})
        return tell(origin, records)

    story_of.__name__ = f"{field}_leaf_{leaf}"
    return story_of


for _field in ("supersedes", "retracts"):
    for _leaf in (17, 18, 1199, 1200, 2**63 - 1, 2**64 - 2):
        lie(Reason.WRONG_RECORD_ID)(_pointing(_field, _leaf))


@lie(Reason.WRONG_RECORD_ID)
def supersedes_an_earlier_and_retracts_a_later_one(origin: Origin, story: Story) -> Story:
    records = records_of(story)
    records[17] = with_own(records[17], supersedes=3, retracts=19)
    return tell(origin, records)


@lie(Reason.BAD_COMMITMENT, "fresh", "midway", "caught up")
def record_left_out(_: Origin, story: Story) -> Story:
    """Withheld passed as absent: the others move up."""
    records = records_of(story[:1])
    fill(story[0], records[:17] + records[18:])
    return story


@lie(Reason.TREE_FORKED, "midway", "caught up")
def record_left_out_and_the_tree_told_anew(origin: Origin, story: Story) -> Story:
    """A log that is in every way well made, and not the one told before."""
    begin = story[0].from_index
    full = records_of(tell_all(origin))
    return tell(origin, [*full[:17], *full[18:], full[18]], begin, 700 if begin == 700 else 1200)


@lie(Reason.TREE_FORKED, "midway", "caught up")
def records_of_a_run_reordered(origin: Origin, story: Story) -> Story:
    """No run says in which order its records were signed: the tree does."""
    begin = story[0].from_index
    full = records_of(tell_all(origin))
    return tell(origin, [*full[:32][::-1], *full[32:]], begin, 700 if begin == 700 else 1200)


@lie(Reason.BAD_CONSISTENCY)
def withheld_record_left_out(_: Origin, story: Story) -> Story:
    """All that follows is withheld; the hashes are told to fit."""
    records = [withheld(record) for record in records_of(story[:1])]
    del records[17]
    fill(story[0], records)
    story[0].leaf_hashes = b"".join(record.leaf_hash for record in records)
    return story


@lie(Reason.BAD_COMMITMENT)
def records_swapped(_: Origin, story: Story) -> Story:
    records = records_of(story[:1])
    records[17], records[18] = records[18], records[17]
    fill(story[0], records)
    return story


@lie(Reason.BAD_CONSISTENCY)
def records_and_their_leaf_hashes_swapped(origin: Origin, story: Story) -> Story:
    records_swapped(origin, story)
    story[0].leaf_hashes = b"".join(record.leaf_hash for record in records_of(story[:1]))
    return story


@lie(Reason.BAD_CONSISTENCY)
def withheld_records_swapped(_: Origin, story: Story) -> Story:
    records = [withheld(record) for record in records_of(story[:1])]
    records[17], records[18] = records[18], records[17]
    fill(story[0], records)
    story[0].leaf_hashes = b"".join(record.leaf_hash for record in records)
    return story
