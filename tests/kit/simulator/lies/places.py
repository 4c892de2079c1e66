"""Which records there are, and where: told with the city's real key, consistent in itself."""

from node.errors import Reason
from node.stubs.record.v1.record_pb2 import View
from tests.kit.simulator.lies.register import Story, Tell, lie, tell_all
from tests.kit.simulator.origin import Origin
from tests.kit.simulator.telling import leaf_of, tell, views_of, with_header


@lie(Reason.WRONG_CITY)
def record_of_another_city(origin: Origin, story: Story) -> Story:
    views = views_of(story)
    views[17] = with_header(views[17], city="hefei", id="hefei-17")
    return tell(origin, views)


@lie(Reason.WRONG_RECORD_ID)
def wrong_record_id(origin: Origin, story: Story) -> Story:
    views = views_of(story)
    views[17] = with_header(views[17], id="wuhan-18")
    return tell(origin, views)


@lie(Reason.WRONG_RECORD_ID)
def zero_padded_record_id(origin: Origin, story: Story) -> Story:
    views = views_of(story)
    views[17] = with_header(views[17], id="wuhan-017")
    return tell(origin, views)


@lie(Reason.WRONG_RECORD_ID)
def one_record_twice(origin: Origin, story: Story) -> Story:
    views = views_of(story)
    return tell(origin, [*views[:18], views[17], *views[18:]])


def _pointing(field: str, target: str) -> Tell:
    def story_of(origin: Origin, story: Story) -> Story:
        views = views_of(story)
        views[17] = with_header(views[17], **{field: target})
        return tell(origin, views)

    story_of.__name__ = f"{field}_{target}"
    return story_of


for _field in ("supersedes", "retracts"):
    for _target in (
        "wuhan-17", "wuhan-18", "wuhan-1199", "hefei-3", "wuhan-03", "wuhan--1", "wuhan", "3", "wuhan-9" + "9" * 30,
    ):  # fmt: skip
        lie(Reason.WRONG_RECORD_ID)(_pointing(_field, _target))


@lie(Reason.WRONG_RECORD_ID, "fresh", "midway", "caught up")
def record_left_out(_: Origin, story: Story) -> Story:
    """Withheld passed as absent: the others move up."""
    del story[0].views[17]
    return story


@lie(Reason.WRONG_RECORD_ID)
def record_left_out_and_the_tree_told_anew(origin: Origin, story: Story) -> Story:
    views = views_of(story)
    return tell(origin, views[:17] + views[18:])


@lie(Reason.TREE_FORKED, "midway", "caught up")
def record_left_out_the_others_renumbered(origin: Origin, story: Story) -> Story:
    """A log that is in every way well made, and not the one told before."""
    begin = story[0].from_index
    full = views_of(tell_all(origin))
    moved = [*full[18:], full[18]]
    views = full[:17] + [with_header(view, id=f"wuhan-{index}") for index, view in enumerate(moved, 17)]
    return tell(origin, views, begin, 700 if begin == 700 else 1200)


@lie(Reason.BAD_CONSISTENCY)
def withheld_record_left_out(_: Origin, story: Story) -> Story:
    """All that follows is withheld and bears no number; the hashes are told to fit."""
    views = [View(leaf_hash=leaf_of(view)) for view in story[0].views]
    del story[0].views[:]
    story[0].views.extend(views[:17] + views[18:])
    story[0].leaf_hashes = b"".join(view.leaf_hash for view in story[0].views)
    return story


@lie(Reason.WRONG_RECORD_ID)
def records_swapped(_: Origin, story: Story) -> Story:
    views = list(story[0].views)
    views[17], views[18] = views[18], views[17]
    del story[0].views[:]
    story[0].views.extend(views)
    return story


@lie(Reason.BAD_CONSISTENCY)
def withheld_records_swapped(_: Origin, story: Story) -> Story:
    hashes = [leaf_of(view) for view in story[0].views]
    hashes[17], hashes[18] = hashes[18], hashes[17]
    del story[0].views[:]
    story[0].views.extend(View(leaf_hash=leaf) for leaf in hashes)
    story[0].leaf_hashes = b"".join(hashes)
    return story
