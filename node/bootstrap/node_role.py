"""The writing process of a node."""

import os
import time
from contextlib import AbstractContextManager
from functools import partial

import structlog

from node.bootstrap.clock import ClockSteps, build_clock, describe_clock
from node.bootstrap.listening import GRACE_S, listener_factory
from node.bootstrap.policy_file import PolicyFile, load_policy
from node.config import Config
from node.core.log.record import EVERYONE
from node.core.members.federation import Member
from node.errors import NodeError, Reason
from node.folder.data_lock import hold_data
from node.folder.files import load_calendar
from node.folder.keyfile import load_log_key, load_witness_key
from node.folder.trust import ReloadingFile, Trust
from node.ports import Clock, Peer
from node.rpc.casework_service import CaseServicer, add_case_service
from node.rpc.control_service import ControlServicer
from node.rpc.evidence_client import evidence_peer
from node.rpc.evidence_service import (
    EvidenceExchangeServicer,
    EvidenceServicer,
    PlatformEvidenceServicer,
    add_evidence_exchange,
    add_evidence_service,
    add_platform_evidence,
)
from node.rpc.exchange_service import SERVICE as EXCHANGE
from node.rpc.exchange_service import ExchangeServicer, add_exchange_service
from node.rpc.intake_service import IntakeServicer
from node.rpc.peer_client import connect, hint
from node.rpc.trust_service import add_trust_service
from node.scheduler import Scheduler
from node.storage.sqlite.evidence import EvidenceStore
from node.storage.sqlite.founding import check_founding, settle_founding
from node.storage.sqlite.store import Store
from node.storage.sqlite.trail import Act, Trail
from node.storage.sqlite.usage import UsageLog
from node.stubs.control.v1 import control_pb2, control_pb2_grpc
from node.stubs.intake.v1 import intake_pb2_grpc
from node.usecases.casework.lists.lifecycle import ListingLifecycle
from node.usecases.casework.service import CaseworkService
from node.usecases.evidence.fetch import Destruction, EvidencePeer
from node.usecases.evidence.read_for_platform import PlatformEvidence
from node.usecases.exchange.compare import Compare
from node.usecases.exchange.enforce_policy import PolicyInForce
from node.usecases.exchange.freeze import Freeze
from node.usecases.exchange.sync import Sync
from node.usecases.exchange.witness import Round, Witness
from node.usecases.records.ingest import Ingest
from node.usecases.records.retract import Withdrawal
from node.usecases.records.usage import UsageRecorder
from node.usecases.upkeep.checks.run import watched_findings
from node.usecases.upkeep.checks.scene import Observer
from node.usecases.upkeep.confirm_restore import restored
from node.usecases.upkeep.keep_backups import KeepBackups
from node.usecases.upkeep.node_status import node_status

_log = structlog.get_logger(__name__)

# Of what a caller is refused again and again the trail has one note in this time.
_REFUSAL_S = 60.0


class NodeRole:
    """The writing process: own log, exchange, intake, control, sync."""

    def __init__(self, config: Config, lock: int | None = None) -> None:
        """Opens the store and binds the listeners; takes the data folder where `lock` does not hold it yet.

        Raises:
            NodeError: ALREADY_RUNNING, or a file of the node is wrong.
        """
        clock, calendar = build_clock(config, "node"), load_calendar(config.calendars)
        self._config, self._clock = config, clock
        self._steps = ClockSteps()
        self._lock = hold_data(config.data_dir) if lock is None else lock
        self._trust = Trust(config)
        check_founding(config, self._trust.current().federation.member(config.city))
        signer = load_log_key(config.log_key)
        self._store = Store(config.node_db, config.city, signer, clock)
        settle_founding(config, self._store)
        self._store.log.held_back = restored(config)
        # First: a log that is behind or forked takes no record, not even one of a new policy.
        compare, around = self._witness(clock)
        policy_file = ReloadingFile(config.policy, partial(load_policy, config.city))
        self._policy = PolicyInForce(self._store, policy_file.current, self._peer_cities, clock)
        self._sync = Sync(self._store, self._members, self._connect, config.sync, clock, around)
        self._scheduler = Scheduler(config.city, config.sync.interval_s)
        withdrawal = Withdrawal(self._policy.in_force, self._peer_cities, clock)
        self._desk = CaseworkService(
            self._store,
            clock,
            calendar,
            lambda: self._trust.current().federation,
            self._send_hint,
            self._sync.run_hinted,
        )
        self._terms = ListingLifecycle(
            self._store, clock, self._desk.case_index.books, withdrawal.entries, self._desk.casework.act_by_itself
        )
        self._backups = KeepBackups(config, clock)
        ingest = Ingest(self._store, clock, withdrawal)

        observer = Observer(config, is_running=True)

        def status() -> control_pb2.StatusResponse:
            status = node_status(
                self._store,
                self._members(),
                config.data_dir,
                clock,
                self._policy.digest,
                lambda: _text(policy_file),
                watched_findings(observer.scene()),
                self._sync.silence,
            )
            status.clock.CopyFrom(describe_clock(clock, calendar))
            return status

        self._evidence = EvidenceStore(config.data_dir, config.evidence, clock)
        self._evidence_usage = UsageLog(config.data_dir / "evidence_usage.db")
        self._destruction = Destruction(self._store, self._evidence)
        account = UsageRecorder(self._evidence_usage, clock)
        fetched = EvidenceExchangeServicer(self._store, self._evidence, config.city, self._policy, account)
        evidence = EvidenceServicer(self._store, self._evidence, account, self._connect_evidence)
        platforms = PlatformEvidence(
            self._store, self._evidence, config.city, self._desk.casework.open, self._connect_evidence
        )
        exchange = ExchangeServicer(self._store, config.city, self._policy, self._desk.wake, compare)
        intake = IntakeServicer(ingest, self._store, clock, self._desk.notify, account)
        desk = self._desk
        cases = CaseServicer(self._store, desk.casework, desk.notices, account, clock, calendar)
        control = ControlServicer(self._sync, status)
        follows = add_trust_service(self._trust, config.data_dir)
        self._trail = Trail(config.data_dir)
        self._refused: dict[tuple[str, str], float] = {}
        listener = listener_factory(config, self._trust, self._note)
        self._listeners = [
            listener(
                config.listen.exchange,
                (EXCHANGE, lambda server: add_exchange_service(exchange, server)),
                add_evidence_exchange(fetched),
            ),
            listener(
                config.listen.intake,
                (
                    "node.intake.v1.IntakeService",
                    lambda server: intake_pb2_grpc.add_IntakeServiceServicer_to_server(intake, server),
                ),
                add_evidence_service(evidence),
                add_platform_evidence(PlatformEvidenceServicer(platforms, account)),
                add_case_service(cases),
                follows,
            ),
            listener(
                config.listen.control,
                (
                    "node.control.v1.ControlService",
                    lambda server: control_pb2_grpc.add_ControlServiceServicer_to_server(control, server),
                ),
                follows,
            ),
        ]

    def start(self) -> None:
        """Answers and pulls from now on."""
        for listener in self._listeners:
            listener.start()
        self._follow()
        self._scheduler.follow(self._follow)
        self._scheduler.work(self._work)
        self._scheduler.scrub(self._store.scrub)
        self._scheduler.backup(self._backups.run)
        self._scheduler.start()

    def check(self) -> None:
        """Checks that what is acknowledged is still kept.

        Raises:
            NodeError: DATA_LOST, the database was unlinked or replaced.
        """
        self._store.check_file()

    def stop(self) -> None:
        """Finishes what is under way and closes the store."""
        self._scheduler.stop()
        self._desk.stop()
        for listener in self._listeners:
            listener.stop(GRACE_S)
        self._trail.close()
        self._evidence_usage.close()
        self._evidence.close()
        self._store.close()
        os.close(self._lock)

    def _follow(self) -> None:
        self._steps.look()
        self._policy.current()
        self._scheduler.set_peers(self._peer_cities(), self._sync.run_due)
        self._destruction.run()

    def _note(self, who: str, place: str, what: str, about: str, result: str) -> None:
        """An act of administration that came by a call: it is done, whether the disk takes the note or not.

        Of what was refused the trail has one note a minute: a caller who is refused again and again fills no disk.
        """
        if result != "done" and not self._is_first_refusal(who, what):
            return
        try:
            self._trail.add(Act(self._clock.now_ms(), who, place, what, about, result))
        except NodeError as error:
            _log.error("trail_not_written", reason=error.reason)
        _log.info("administered", who=who, place=place, what=what, about=about, result=result)

    def _is_first_refusal(self, who: str, what: str) -> bool:
        now_s = time.monotonic()
        if now_s - self._refused.get((who, what), -_REFUSAL_S) < _REFUSAL_S:
            return False
        self._refused[who, what] = now_s  # as many as there are pinned callers and methods
        return True

    def _work(self) -> None:
        """What grows with the number of cases."""
        self._keep_terms()
        self._desk.run()

    def _keep_terms(self) -> None:
        if self._store.log.held_back is None:
            try:
                if self._terms.run():
                    self._desk.notify([EVERYONE])  # what ended leaves at once
            except NodeError as error:  # a full disk passes; what is due is done at a later look
                _log.error("terms_not_kept", reason=error.reason)

    def _witness(self, clock: Clock) -> tuple[Compare, Round]:
        """What compares checkpoints with the peers; it cosigns where there is a witness key."""
        config, path = self._config, self._config.witness_key
        freeze = Freeze(self._store, clock.now_ms, lambda: self._desk.notify([EVERYONE]))
        compare = Compare(self._store, lambda: self._trust.current().federation.members, clock, freeze)
        if not path.exists():
            _log.warning("no_witness_key", hint="gongzhi key rotate --witness")
            return compare, Round(None, compare, self._peer_cities())
        signer, may_cosign = load_witness_key(path), restored(config) is None
        witness = Witness(self._store, config.city, signer, clock, may_cosign)
        return compare, Round(witness, compare, self._peer_cities())

    def _members(self) -> list[Member]:
        return list(self._trust.current().federation.peers_of(self._config.city))

    def _peer_cities(self) -> list[str]:
        return [member.city for member in self._members()]

    def _connect(self, member: Member) -> AbstractContextManager[Peer]:
        return connect(member, self._trust.current().identity, self._config.sync)

    def _send_hint(self, city: str) -> None:
        trusted = self._trust.current()
        hint(trusted.federation.member(city), trusted.identity, self._config.sync.connect_timeout_s)

    def _connect_evidence(self, city: str) -> AbstractContextManager[EvidencePeer]:
        if self._store.peer_state(city).frozen:
            raise NodeError(Reason.PEER_FROZEN, f"{city} is frozen; look at its incident, then release it")
        trusted = self._trust.current()
        return evidence_peer(trusted.federation.member(city), trusted.identity, self._config.sync.batch_timeout_s)


def _text(policy_file: "ReloadingFile[PolicyFile]") -> str:
    return policy_file.error.message if policy_file.error else ""
