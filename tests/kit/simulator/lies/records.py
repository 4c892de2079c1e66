"""What a record says: altered on the way, or wrongly disclosed."""

from collections.abc import Callable

from node.errors import Reason
from node.stubs.record.v1.record_pb2 import Facet, View
from tests.kit.simulator.lies.register import RANDOM, Story, lie
from tests.kit.simulator.origin import Origin
from tests.kit.simulator.telling import leaf_of, with_header


def _altered(story: Story, alter: Callable[[View], object], place: int = 17) -> Story:
    alter(story[0].views[place])
    return story


@lie(Reason.BAD_COMMITMENT, "fresh", "midway", "caught up")
def altered_facet(_: Origin, story: Story) -> Story:
    return _altered(story, lambda view: setattr(view.facets[0], "body", view.facets[0].body.replace(b"\xe7", b"\xe8")))


@lie(Reason.BAD_COMMITMENT)
def emptied_facet(_: Origin, story: Story) -> Story:
    return _altered(story, lambda view: setattr(view.facets[1], "body", b""))


@lie(Reason.BAD_COMMITMENT)
def altered_header(_: Origin, story: Story) -> Story:
    view = story[0].views[17]
    view.CopyFrom(with_header(view, as_of_ms=1))
    return story


@lie(Reason.BAD_COMMITMENT)
def added_subject(_: Origin, story: Story) -> Story:
    view = story[0].views[17]
    view.CopyFrom(with_header(view, subjects=["uscc:914300007121944054"]))
    return story


@lie(Reason.BAD_COMMITMENT)
def header_with_unknown_fields(_: Origin, story: Story) -> Story:
    """Ninety kilobytes that mean nothing, as the last field of a header: no part of its one form."""
    return _altered(story, lambda view: setattr(view, "header", view.header + b"\xfa\x7f\x90\xbf\x05" + bytes(90_000)))


@lie(Reason.BAD_COMMITMENT)
def wrong_salt(_: Origin, story: Story) -> Story:
    return _altered(story, lambda view: setattr(view.facets[0], "salt", RANDOM[:16]))


@lie(Reason.BAD_COMMITMENT)
def short_salt(_: Origin, story: Story) -> Story:
    return _altered(story, lambda view: setattr(view.facets[0], "salt", view.facets[0].salt[:15]))


@lie(Reason.BAD_COMMITMENT)
def long_salt(_: Origin, story: Story) -> Story:
    """The body's first byte moved into the salt: the same bytes are hashed."""

    def move(view: View) -> None:
        facet = view.facets[0]
        facet.salt, facet.body = facet.salt + facet.body[:1], facet.body[1:]

    return _altered(story, move)


@lie(Reason.BAD_COMMITMENT)
def no_salt(_: Origin, story: Story) -> Story:
    return _altered(story, lambda view: view.facets[0].ClearField("salt"))


@lie(Reason.BAD_COMMITMENT)
def wrong_mask(_: Origin, story: Story) -> Story:
    return _altered(story, lambda view: view.facets[2].CopyFrom(Facet(commitment=RANDOM)))


@lie(Reason.BAD_COMMITMENT)
def open_and_masked(_: Origin, story: Story) -> Story:
    return _altered(story, lambda view: setattr(view.facets[0], "commitment", RANDOM))


@lie(Reason.BAD_COMMITMENT)
def swapped_facets(_: Origin, story: Story) -> Story:
    def swap(view: View) -> None:
        facets = list(view.facets)
        del view.facets[:]
        view.facets.extend([facets[1], facets[0], *facets[2:]])

    return _altered(story, swap)


@lie(Reason.BAD_COMMITMENT)
def dropped_facet(_: Origin, story: Story) -> Story:
    return _altered(story, lambda view: view.facets.pop())


@lie(Reason.BAD_COMMITMENT)
def added_facet(_: Origin, story: Story) -> Story:
    return _altered(story, lambda view: view.facets.add(salt=RANDOM[:16], body=b"more"))


@lie(Reason.BAD_COMMITMENT)
def facets_of_another_record(_: Origin, story: Story) -> Story:
    view, other = story[0].views[17], story[0].views[18]
    del view.facets[:]
    view.facets.extend(other.facets)
    return story


@lie(Reason.BAD_COMMITMENT)
def header_is_noise(_: Origin, story: Story) -> Story:
    return _altered(story, lambda view: setattr(view, "header", b"\xff" * 40))


@lie(Reason.BAD_COMMITMENT)
def withheld_and_open(_: Origin, story: Story) -> Story:
    return _altered(story, lambda view: setattr(view, "leaf_hash", leaf_of(view)))


@lie(Reason.BAD_COMMITMENT)
def withheld_under_short_hash(_: Origin, story: Story) -> Story:
    return _altered(story, lambda view: view.CopyFrom(View(leaf_hash=leaf_of(view)[:31])))


@lie(Reason.BAD_COMMITMENT)
def withheld_under_wrong_hash(_: Origin, story: Story) -> Story:
    return _altered(story, lambda view: view.CopyFrom(View(leaf_hash=RANDOM)))


@lie(Reason.BAD_COMMITMENT)
def empty_view(_: Origin, story: Story) -> Story:
    return _altered(story, lambda view: view.Clear())


@lie(Reason.BAD_CONSISTENCY, "fresh", "midway", "caught up")
def altered_facet_and_its_leaf_hash(_: Origin, story: Story) -> Story:
    """Nothing names the record any more: only the tree says that something is not so."""
    altered_facet(_, story)
    hashes = [leaf_of(view) for view in story[0].views]
    story[0].leaf_hashes = b"".join(hashes)
    return story


@lie(Reason.BAD_COMMITMENT)
def leaf_hashes_cut_short(_: Origin, story: Story) -> Story:
    altered_facet(_, story)
    story[0].leaf_hashes = story[0].leaf_hashes[:100]
    return story
