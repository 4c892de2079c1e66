"""Builds the two processes of a node from its configuration. The only place that names concrete classes."""

import os
import threading
import time
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol

import structlog

from node.config import Config
from node.control.v1 import control_pb2, control_pb2_grpc
from node.core.calendar import vendored_calendar
from node.core.federation import Member
from node.core.policy import Policy
from node.core.record import EVERYONE
from node.errors import FileError, NodeError, Reason
from node.intake.v1 import intake_pb2_grpc
from node.ports import Peer
from node.query.v1 import query_pb2_grpc
from node.rpc.casework_service import CaseServicer, add_case_service
from node.rpc.control_service import ControlServicer
from node.rpc.evidence_client import evidence_peer
from node.rpc.evidence_service import (
    EvidenceExchangeServicer,
    EvidenceServicer,
    add_evidence_exchange,
    add_evidence_service,
)
from node.rpc.exchange_service import SERVICE as EXCHANGE
from node.rpc.exchange_service import ExchangeServicer, add_exchange_service
from node.rpc.gate import Gate
from node.rpc.intake_service import IntakeServicer
from node.rpc.limits import Limiter
from node.rpc.peer_client import connect, hint
from node.rpc.principal import Roster
from node.rpc.query_service import QueryServicer
from node.rpc.screening_service import ScreeningServicer, add_screening_service
from node.rpc.server import Listener, Register
from node.scheduler import Scheduler
from node.storage.evidence import EvidenceStore
from node.storage.files import read_text
from node.storage.keyfile import load_log_key
from node.storage.search import SearchIndex
from node.storage.startup import await_store, hold_data
from node.storage.store import Reader, Store
from node.storage.trust import Trust, Watched
from node.storage.usage import UsageLog
from node.usecases.backup import restored
from node.usecases.casework.desk import Desk
from node.usecases.enforce_policy import PolicyInForce, read_policy
from node.usecases.fetch_evidence import Destruction, EvidencePeer
from node.usecases.ingest import Ingest
from node.usecases.keep_terms import KeepTerms
from node.usecases.node_status import node_status
from node.usecases.screen import Screening
from node.usecases.search_operators import SearchOperators
from node.usecases.sync import Sync
from node.usecases.usage import Account
from node.usecases.verify_operator import VerifyOperator
from node.usecases.withdraw import Withdrawal

_log = structlog.get_logger(__name__)
# More than all peers of a federation of six may hold with their streams (`limits.MAX_STREAMS`).
_WORKERS = 24
_GRACE_S = 10.0
_INDEX_S = 0.5


class SystemClock:
    """The machine's clock."""

    def now_ms(self) -> int:
        """Unix milliseconds."""
        return time.time_ns() // 1_000_000


class _PolicyFile(NamedTuple):
    text: str
    policy: Policy


def _load_policy(city: str, path: Path) -> _PolicyFile:
    text = read_text(path, Reason.INVALID_POLICY)
    policy = read_policy(text, str(path))
    if policy.city != city:
        raise FileError(Reason.INVALID_POLICY, str(path), f"these are the rules of {policy.city}, this node is {city}")
    return _PolicyFile(text, policy)


class NodeRole:
    """The writing process: own log, exchange, intake, control, sync."""

    def __init__(self, config: Config) -> None:
        """Opens the store and binds the listeners.

        Raises:
            NodeError: ALREADY_RUNNING, or a file of the node is wrong.
        """
        clock = SystemClock()
        self._config = config
        self._lock = hold_data(config.data_dir)
        self._trust = Trust(config)
        signer = load_log_key(config.log_key)
        self._store = Store(config.node_db, config.city, signer, clock)
        self._store.log.held_back = restored(config)
        policy_file = Watched(config.policy, partial(_load_policy, config.city))
        self._policy = PolicyInForce(self._store, policy_file.current, self._peer_cities, clock)
        self._sync = Sync(self._store, self._members, self._connect, config.sync, clock)
        self._scheduler = Scheduler(config.city, config.sync.interval_s)
        withdrawal = Withdrawal(self._policy.in_force, self._peer_cities, clock)
        self._desk = Desk(
            self._store, clock, vendored_calendar(), self._peer_cities, self._send_hint, self._sync.run_hinted
        )
        self._terms = KeepTerms(self._store, clock, withdrawal.entries, self._desk.casework.act_by_itself)
        ingest = Ingest(self._store, clock, withdrawal)

        def status() -> control_pb2.StatusResponse:
            return node_status(
                self._store, self._members(), config.data_dir, clock, self._policy.digest, lambda: _text(policy_file)
            )

        self._evidence = EvidenceStore(config.data_dir, config.evidence, clock)
        self._evidence_usage = UsageLog(config.data_dir / "evidence_usage.db")
        self._destruction = Destruction(self._store, self._evidence)
        account = Account(self._evidence_usage, clock)
        fetched = EvidenceExchangeServicer(self._store, self._evidence, config.city, self._policy, account)
        evidence = EvidenceServicer(self._store, self._evidence, account, self._connect_evidence)
        exchange = ExchangeServicer(self._store, config.city, self._policy, self._desk.wake)
        intake = IntakeServicer(ingest, self._store, clock, self._desk.notify)
        desk = self._desk
        cases = CaseServicer(self._store, desk.casework, desk.notices, account, clock, vendored_calendar())
        control = ControlServicer(self._sync, status)
        listener = _listener_factory(config, self._trust)
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
                add_case_service(cases),
            ),
            listener(
                config.listen.control,
                (
                    "node.control.v1.ControlService",
                    lambda server: control_pb2_grpc.add_ControlServiceServicer_to_server(control, server),
                ),
            ),
        ]

    def start(self) -> None:
        """Answers and pulls from now on."""
        for listener in self._listeners:
            listener.start()
        self._follow()
        self._scheduler.follow(self._follow)
        self._scheduler.scrub(self._store.scrub)
        self._scheduler.start()

    def stop(self) -> None:
        """Finishes what is under way and closes the store."""
        self._scheduler.stop()
        self._desk.stop()
        for listener in self._listeners:
            listener.stop(_GRACE_S)
        self._evidence_usage.close()
        self._evidence.close()
        self._store.close()
        os.close(self._lock)

    def _follow(self) -> None:
        self._policy.current()
        self._scheduler.set_peers(self._peer_cities(), self._sync.run_due)
        self._destruction.run()
        self._keep_terms()
        self._desk.run()

    def _keep_terms(self) -> None:
        if self._store.log.held_back is None:
            try:
                if self._terms.run():
                    self._desk.notify([EVERYONE])  # what ended leaves at once
            except NodeError as error:  # a full disk passes; what is due is done at a later look
                _log.error("terms_not_kept", reason=error.reason)

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
        if self._store.link(city).frozen:
            raise NodeError(Reason.PEER_FROZEN, f"{city} is frozen; look at its incident, then release it")
        trusted = self._trust.current()
        return evidence_peer(trusted.federation.member(city), trusted.identity, self._config.sync.batch_timeout_s)


class QueryRole:
    """The answering process: reads what the writing process stored; writes usage records and the search index."""

    def __init__(self, config: Config) -> None:
        """Waits for the store, opens its own files and binds the listener.

        Raises:
            NodeError: UNAVAILABLE, there is no store yet; ALREADY_RUNNING, or a file of the node is wrong.
        """
        clock = SystemClock()
        await_store(config.node_db)
        reader = Reader(config.node_db)
        self._usage = UsageLog(config.usage_db)
        self._index = SearchIndex(config.search_db, config.node_db)
        self._stopping = threading.Event()
        self._indexer = threading.Thread(target=self._follow, name="search-index")
        verifier = VerifyOperator(reader, clock, int(config.stale_after_h * 3_600_000))
        searcher = SearchOperators(reader, config.search_db)
        account = Account(self._usage, clock)
        servicer = QueryServicer(reader, verifier, searcher, account)
        screener = ScreeningServicer(Screening(reader, clock, int(config.stale_after_h * 3_600_000)), account)
        self._listener = _listener_factory(config, Trust(config))(
            config.listen.query,
            (
                "node.query.v1.QueryService",
                lambda server: query_pb2_grpc.add_QueryServiceServicer_to_server(servicer, server),
            ),
            add_screening_service(screener),
        )

    def start(self) -> None:
        """Answers from now on."""
        self._indexer.start()
        self._listener.start()

    def stop(self) -> None:
        """Finishes what is under way; every usage record is durable after."""
        self._listener.stop(_GRACE_S)
        self._usage.close()
        self._stopping.set()
        self._indexer.join()
        self._index.close()

    def _follow(self) -> None:
        while not self._stopping.is_set():
            try:
                is_behind = self._index.follow()
            except Exception:  # noqa: BLE001 - the index is derived: answering goes on
                _log.exception("search_index_failed")
                is_behind = False
            if not is_behind:
                self._stopping.wait(_INDEX_S)


def build_role(config: Config, role: str) -> NodeRole | QueryRole:
    """One process of the node: "node" or "query".

    Raises:
        NodeError: It cannot start.
    """
    return NodeRole(config) if role == "node" else QueryRole(config)


class _MakeListener(Protocol):
    def __call__(self, address: str, *services: tuple[str, Register]) -> Listener: ...


def _listener_factory(config: Config, trust: Trust) -> _MakeListener:
    gate = Gate(Roster(trust), Limiter(config.limits))

    def make(address: str, *services: tuple[str, Register]) -> Listener:
        return Listener(
            address,
            trust,
            gate,
            services,
            workers=_WORKERS,
            max_message_bytes=config.limits.max_message_bytes,
        )

    return make


def _text(policy_file: "Watched[_PolicyFile]") -> str:
    return policy_file.error.message if policy_file.error else ""
