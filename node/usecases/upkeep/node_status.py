"""What an operator has to know of a node: its log, its peers, what they sent that cannot be true, its disk."""

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from node.core.finding import Finding
from node.core.log.cosignature import witnesses_of
from node.core.members.federation import Member
from node.folder.backup_note import read_note
from node.ports import Clock
from node.storage.sqlite.log import OWN
from node.storage.sqlite.peer_state import PeerState
from node.storage.sqlite.reader import Reader
from node.storage.sqlite.store import Origin
from node.storage.sqlite.witness import Kept
from node.stubs.control.v1 import control_pb2
from node.usecases.exchange.sync import Silence
from node.usecases.upkeep.checks.peers import member_progress


def node_status(
    reader: Reader,
    members: Iterable[Member],
    data_dir: Path,
    clock: Clock,
    policy_digest: str,
    policy_error: Callable[[], str],
    findings: Iterable[Finding] = (),
    silence: Callable[[str], Silence] = lambda _: Silence(0, is_at_least=True),
) -> control_pb2.StatusResponse:
    """The state of a node and of each of its peers.

    Args:
        reader: The store.
        members: The peers by the federation file.
        data_dir: Where the databases lie.
        clock: For the lag.
        policy_digest: Of the policy in force.
        policy_error: Why the newest policy file is not in force, or empty.
        findings: What the checks found.
        silence: For how long a peer has not been heard in this run.
    """
    origins = {origin.city: origin for origin in reader.origins()}
    own = next(origin for origin in origins.values() if origin.number == OWN)
    now_ms = clock.now_ms()
    members = list(members)
    best = _best(reader.checkpoints.cosigned(own.city), {member.city for member in members})
    progress = member_progress(reader, own.city, members)
    peers = [
        _peer(member, origins.get(member.city), reader.peers.state(member.city), now_ms, silence) for member in members
    ]
    incidents = [
        control_pb2.Incident(
            number=incident.number,
            city=incident.city,
            reason=incident.reason,
            message=incident.message,
            at_ms=incident.at_ms,
            evidence_bytes=incident.payload_bytes,
        )
        for incident in reader.peers.incidents()
    ]  # fmt: skip
    return control_pb2.StatusResponse(
        city=own.city,
        tree_size=own.size,
        root=own.root,
        peers=peers,
        incidents=incidents,
        disk_used_bytes=sum(file.stat().st_size for file in data_dir.iterdir() if file.is_file()),
        disk_free_bytes=shutil.disk_usage(data_dir).free,
        policy_digest=policy_digest,
        policy_error=policy_error(),
        alerts=map(_alert, findings),
        witnessed_size=best[0],
        witnesses=best[1],
        progress=[control_pb2.Witness(city=city, size=at.size, at_ms=at.at_s * 1000) for city, at in progress.items()],
        backup=_backup(data_dir),
    )


def _backup(data_dir: Path) -> control_pb2.Backup:
    note = read_note(data_dir)
    at_ms = int(note.at.timestamp() * 1000) if note.at else 0
    return control_pb2.Backup(at_ms=at_ms, place=note.place, tree_size=note.tree_size)


def _best(kept: Iterable[Kept], members: set[str]) -> tuple[int, list[str]]:
    """Size and witnesses of the checkpoint that most members cosigned, the newest of several."""
    counted = (
        (checkpoint.size, [city for city in witnesses_of(checkpoint.note) if city in members]) for checkpoint in kept
    )
    signed = [(size, cities) for size, cities in counted if cities]
    return max(signed, key=lambda each: (len(each[1]), each[0]), default=(0, []))


def _alert(finding: Finding) -> control_pb2.Alert:
    return control_pb2.Alert(
        reason=finding.code,
        city=finding.city,
        text=finding.text("en"),
        severity=finding.severity,
        text_zh=finding.text("zh"),
        advice=finding.advice("en"),
        advice_zh=finding.advice("zh"),
    )


def _peer(
    member: Member, origin: Origin | None, state: PeerState, now_ms: int, silence: Callable[[str], Silence]
) -> control_pb2.PeerStatus:
    status = control_pb2.PeerStatus(
        city=member.city,
        address=member.address,
        state=_state(origin, state, now_ms),
        last_reason=state.last_reason,
        last_error=state.last_error,
        next_attempt_at_ms=state.next_attempt_at_ms,
        failures=state.failures,
    )
    if origin is not None:
        known = origin.known
        status.tree_size, status.root = origin.size, origin.root
        status.verified, status.withheld = origin.verified, origin.withheld
        status.lag_records = known.size - origin.size if known else 0
        status.lag_s, status.lag_at_least = _lag(origin, now_ms, silence(member.city))
        status.to_revise = origin.to_revise
    return status


def _lag(origin: Origin, now_ms: int, silence: Silence) -> tuple[int, bool]:
    """Seconds since a peer was heard, and whether that may be too few: before this run only the wall clock can tell."""
    by_wall_s = (now_ms - origin.confirmed_at_ms) / 1000
    if not silence.is_at_least:
        return int(silence.seconds), False
    return int(max(by_wall_s, silence.seconds)), by_wall_s < silence.seconds


def _state(origin: Origin | None, state: PeerState, now_ms: int) -> str:
    if state.frozen:
        return "frozen"
    if state.failures or state.next_attempt_at_ms > now_ms:
        return "backing_off"
    return "ok" if origin is not None and origin.confirmed_at_ms else "never"
