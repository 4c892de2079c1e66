"""Peers and time: who is frozen, fails or is not heard, whether the schedule moves, who cosigns no more."""

from collections.abc import Iterable, Iterator

from node.core.finding import Code, Finding, new_finding
from node.core.log.cosignature import witness_name
from node.core.members.federation import Member
from node.errors import Reason
from node.storage.sqlite.reader import Reader
from node.storage.sqlite.witness import NO_PROGRESS, WitnessProgress
from node.usecases.upkeep.checks.keys import moment
from node.usecases.upkeep.checks.scene import Scene

_FAILURES = 5
# A pull that is late by so many intervals, and by a pull's longest wait, was not tried.
_LATE_INTERVALS = 3
_LATE_S = 120
# Clocks of two machines kept right by NTP are much closer.
_SKEW_S = 60


def peers(scene: Scene) -> Iterator[Finding]:
    """Each peer is pulled from, answers, and vouches for its log."""
    if scene.reader is not None:
        for member in scene.peers:
            yield from _peer(scene, scene.reader, member)


def _peer(scene: Scene, reader: Reader, member: Member) -> Iterator[Finding]:
    state, origin = reader.peers.state(member.city), reader.find_origin(member.city)
    if state.frozen:
        if state.last_reason != Reason.LOG_FORKED:  # LOG_FORKED has its own finding
            yield new_finding(Code.PEER_FROZEN, member.city, reason=state.last_reason)
        return
    if state.failures >= _FAILURES:
        values = {"failures": state.failures, "reason": state.last_reason, "error": state.last_error}
        yield new_finding(Code.PEER_FAILS, member.city, **values)
    heard_ms = origin.confirmed_at_ms if origin else 0
    if heard_ms and scene.now_ms - heard_ms > scene.config.stale_after_h * 3_600_000:
        yield new_finding(Code.PEER_STALE, member.city, since=moment(heard_ms))
    sync = scene.config.sync
    late_ms = (_LATE_INTERVALS * sync.interval_s + sync.connect_timeout_s + sync.batch_timeout_s + _LATE_S) * 1000
    # The last pull ended well, or said when to try again: whatever is later.
    tried_ms = max(heard_ms, state.next_attempt_at_ms)
    if scene.is_running and tried_ms and scene.now_ms - tried_ms > late_ms:
        yield new_finding(Code.SCHEDULE_STANDS_STILL, member.city, since=moment(tried_ms))


def witnesses(scene: Scene) -> Iterator[Finding]:
    """Each member that has a witness key keeps up with the others in cosigning the own log."""
    own = scene.reader.find_origin(scene.config.city) if scene.reader else None
    if scene.reader is None or own is None:
        return
    progress = member_progress(scene.reader, own.city, scene.peers)
    newest_s = max((reached.at_s for reached in progress.values()), default=0)
    for city, each in progress.items():
        others_went_on = newest_s - each.at_s > scene.config.stale_after_h * 3600
        if each.size < own.size and each.at_s and others_went_on:
            values = {"size": each.size, "own": own.size, "since": moment(each.at_s * 1000)}
            yield new_finding(Code.WITNESS_BEHIND, city, **values)


def member_progress(reader: Reader, own_city: str, members: Iterable[Member]) -> dict[str, WitnessProgress]:
    """Up to where each member that has a witness key has cosigned the own log; former members count no more."""
    known = reader.checkpoints.progress(own_city)
    return {member.city: known.get(witness_name(member.city), NO_PROGRESS) for member in members if member.witness_keys}


def clocks(scene: Scene) -> Iterator[Finding]:
    """The clock agrees with what this node has heard, and with the times that the peers signed."""
    if scene.config.clock is not None:
        yield new_finding(Code.CLOCK_SHIFTED)
    if scene.reader is None:
        return
    now_s = scene.now_ms / 1000
    for member in scene.peers:
        origin = scene.reader.find_origin(member.city)
        if origin is not None and origin.confirmed_at_ms > scene.now_ms + _SKEW_S * 1000:
            values = {"now": moment(scene.now_ms), "heard": moment(origin.confirmed_at_ms)}
            yield new_finding(Code.CLOCK_BEHIND, member.city, **values)
    told_ms = scene.reader.peers.clocks()
    for city, reached in member_progress(scene.reader, scene.config.city, scene.peers).items():
        ahead_s = max(told_ms.get(city, 0) / 1000, reached.at_s - now_s)
        if ahead_s > _SKEW_S:
            yield new_finding(Code.PEER_CLOCK_AHEAD, city, seconds=round(ahead_s))
        elif -told_ms.get(city, 0) / 1000 > _SKEW_S:
            yield new_finding(Code.PEER_CLOCK_BEHIND, city, seconds=round(-told_ms[city] / 1000))
