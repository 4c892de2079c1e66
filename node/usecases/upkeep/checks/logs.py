"""Logs: forks, a node that publishes nothing, listings published again."""

from collections.abc import Iterator
from pathlib import Path

from node.core.finding import Code, Finding, new_finding
from node.core.log.record import parse_record_id
from node.errors import Reason
from node.storage.sqlite.log import OWN
from node.storage.sqlite.reader import Reader
from node.storage.sqlite.search import count_unreadable
from node.usecases.upkeep.checks.scene import Scene
from node.usecases.upkeep.confirm_restore import restored


def logs(scene: Scene) -> Iterator[Finding]:
    """What an officer must not overlook either."""
    if scene.reader is None:
        return
    yield from log_findings(scene.reader, is_restored=restored(scene.config) is not None)
    yield from unreadable_findings(scene.reader, scene.config.search_db)


def unreadable_findings(reader: Reader, index: Path) -> Iterator[Finding]:
    """Records that the search index could not read, by city."""
    unreadable = count_unreadable(index)
    for origin in reader.origins():
        if count := unreadable.get(origin.number):
            yield new_finding(Code.RECORD_UNREADABLE, origin.city, count=count)


def log_findings(reader: Reader, *, is_restored: bool) -> Iterator[Finding]:
    """A forked log, a node that is behind its own log, a listing published again.

    Args:
        reader: The store.
        is_restored: It was restored from a backup, and not confirmed yet.
    """
    for incident in reader.peers.incidents():
        if incident.reason == Reason.LOG_FORKED and reader.peers.state(incident.city).last_reason == Reason.LOG_FORKED:
            yield new_finding(Code.LOG_FORKED, incident.city, incident=incident.number)
    for own in (origin for origin in reader.origins() if origin.number == OWN):
        seen = reader.checkpoints.largest_heard(own.city)
        if is_restored or seen > own.size:
            yield new_finding(Code.RESTORED, own.city, size=own.size, seen=seen or "—")
    for record in reader.republished():
        yield new_finding(Code.LISTING_REPUBLISHED, parse_record_id(record)[0], record=record)
