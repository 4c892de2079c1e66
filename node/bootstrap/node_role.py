"""The writing process of a node."""

import os
from collections.abc import Sequence

import structlog

from node.bootstrap.administration import Administration
from node.bootstrap.clock import ClockSteps, build_clock
from node.bootstrap.evidence import Evidence
from node.bootstrap.exchange import Exchange
from node.bootstrap.listening import GRACE_S, listener_factory
from node.bootstrap.peers import Peers
from node.bootstrap.status import status_of
from node.config import Config
from node.core.law.calendar import Calendar
from node.core.log.record import EVERYONE
from node.errors import NodeError
from node.folder.data_lock import hold_data
from node.folder.files import load_calendar
from node.folder.keyfile import load_log_key
from node.folder.trust import Trust
from node.ports import Clock
from node.rpc.casework_service import CaseServicer, add_case_service
from node.rpc.control_service import ControlServicer, add_control_service
from node.rpc.intake_service import IntakeServicer, add_intake_service
from node.rpc.server import Listener, Service
from node.rpc.trust_service import add_trust_service
from node.scheduler import Scheduler
from node.storage.sqlite.founding import check_founding, settle_founding
from node.storage.sqlite.store import Store
from node.usecases.casework.lists.lifecycle import ListingLifecycle
from node.usecases.casework.service import CaseworkService
from node.usecases.records.ingest import Ingest
from node.usecases.records.retract import Retractions
from node.usecases.upkeep.confirm_restore import restored
from node.usecases.upkeep.keep_backups import KeepBackups

_log = structlog.get_logger(__name__)


class NodeRole:
    """The writing process: own log, exchange, intake, control, sync."""

    def __init__(self, config: Config, lock: int | None = None) -> None:
        """Opens the store and binds the listeners; takes the data folder where `lock` does not hold it yet.

        Raises:
            NodeError: ALREADY_RUNNING, or a file of the node is wrong.
        """
        clock, calendar = build_clock(config, "node"), load_calendar(config.calendars)
        self._steps = ClockSteps()
        self._lock = hold_data(config.data_dir) if lock is None else lock
        trust = Trust(config)
        self._store = _open_store(config, trust, clock)
        self._peers = Peers(config, trust, self._store)
        self._exchange = Exchange(config, self._store, self._peers, clock, self._notify_everyone)
        self._scheduler = Scheduler(config.city, config.sync.interval_s)
        retractions = Retractions(self._exchange.policy.in_force, self._peers.cities, clock)
        self._casework = CaseworkService(
            self._store, clock, calendar, self._peers.federation, self._peers.hint, self._exchange.sync.run_hinted
        )
        self._terms = ListingLifecycle(
            self._store,
            clock,
            self._casework.case_index.repository,
            retractions.entries,
            self._casework.casework.act_by_itself,
        )
        self._backups = KeepBackups(config, clock)
        self._evidence = Evidence(config, self._store, self._peers, clock)
        self._administration = Administration(config.data_dir, clock)
        follows = add_trust_service(trust, config.data_dir)
        listener = listener_factory(config, trust, self._administration.note)
        self._listeners: list[Listener] = [
            listener(config.listen.exchange, *self._services_for_peers()),
            listener(config.listen.intake, *self._services_for_clients(retractions, clock, calendar), follows),
            listener(config.listen.control, self._control(config, clock, calendar), follows),
        ]

    def _services_for_peers(self) -> Sequence[Service]:
        return self._exchange.service(self._casework.wake), self._evidence.service_for_peers(self._exchange.policy)

    def _services_for_clients(self, retractions: Retractions, clock: Clock, calendar: Calendar) -> Sequence[Service]:
        casework, usage = self._casework, self._evidence.usage
        ingest = Ingest(self._store, clock, retractions)
        return (
            add_intake_service(IntakeServicer(ingest, self._store, clock, casework.notify, usage)),
            *self._evidence.services_for_clients(casework.casework.open),
            add_case_service(CaseServicer(self._store, casework.casework, casework.notices, usage, clock, calendar)),
        )

    def _control(self, config: Config, clock: Clock, calendar: Calendar) -> Service:
        status = status_of(config, self._store, self._peers, self._exchange, clock, calendar)
        return add_control_service(ControlServicer(self._exchange.sync, status))

    def start(self) -> None:
        """Answers and pulls from now on."""
        for listener in self._listeners:
            listener.start()
        self._follow()
        self._exchange.policy.announce_changes(self._notify_everyone)
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
        self._casework.stop()
        for listener in self._listeners:
            listener.stop(GRACE_S)
        self._administration.close()
        self._evidence.close()
        self._store.close()
        os.close(self._lock)

    def _follow(self) -> None:
        self._steps.look()
        self._exchange.policy.current()
        self._scheduler.set_peers(self._peers.cities(), self._exchange.sync.run_due)
        self._evidence.destroy_ended()

    def _work(self) -> None:
        """What grows with the number of cases."""
        self._keep_terms()
        self._casework.run()

    def _keep_terms(self) -> None:
        if self._store.log.held_back is None:
            try:
                if self._terms.run():
                    self._notify_everyone()  # what ended leaves at once
            except NodeError as error:  # a full disk passes; what is due is done at a later look
                _log.error("terms_not_kept", reason=error.reason)

    def _notify_everyone(self) -> None:
        self._casework.notify([EVERYONE])


def _open_store(config: Config, trust: Trust, clock: Clock) -> Store:
    """The log that was founded with these keys; held back after a restore, until the operator confirms it."""
    check_founding(config, trust.current().federation.member(config.city))
    store = Store(config.node_db, config.city, load_log_key(config.log_key), clock)
    settle_founding(config, store)
    store.log.held_back = restored(config)
    return store
