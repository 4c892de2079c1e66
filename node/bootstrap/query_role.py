"""A process of a node that answers questions: the only one, or one of several at one address."""

import os
import threading
import time
from pathlib import Path

import structlog

from node.bootstrap.clock import build_clock
from node.bootstrap.listening import GRACE_S, listener_factory
from node.config import Config
from node.errors import NodeError, Reason
from node.folder.data_lock import hold_place
from node.folder.trust import Trust
from node.messages import _
from node.rpc.counts import Counts, Place
from node.rpc.query_service import QueryServicer, add_query_service
from node.rpc.screening_service import ScreeningServicer, add_screening_service
from node.rpc.trust_service import add_trust_service
from node.storage.sqlite.name_search import NameSearch
from node.storage.sqlite.reader import Reader
from node.storage.sqlite.search import SearchIndex
from node.storage.sqlite.soundness import is_migrated
from node.storage.sqlite.usage import UsageLog
from node.usecases.casework.lists.screen import Screening
from node.usecases.records.list_usage import ListUsage
from node.usecases.records.search_operators import SearchOperators
from node.usecases.records.usage import UsageRecorder
from node.usecases.records.verify_operator import VerifyOperator

_log = structlog.get_logger(__name__)
_INDEX_S = 0.5
_STORE_S = 30.0


class QueryRole:
    """An answering process: reads what the writing process stored; writes usage records, the first the search index."""

    def __init__(self, config: Config, counts: Counts | None = None) -> None:
        """Waits for the store, opens its own files and binds the listener.

        Args:
            config: Of the node.
            counts: What the query processes count together; None for the only one.

        Raises:
            NodeError: UNAVAILABLE, there is no store yet; ALREADY_RUNNING, or a file of the node is wrong.
        """
        counts = counts or Counts()
        clock = build_clock(config, "query")
        _await_files(config, counts.place)
        reader = Reader(config.node_db, config.search_db)
        self._data_dir, self._number = config.data_dir, counts.place.number
        self._held: int | None = None
        self._usage = UsageLog(config.usage_db)
        self._indexer = Indexer(config) if counts.place.is_first else None
        verifier = VerifyOperator(reader, clock, int(config.stale_after_h * 3_600_000))
        searcher = SearchOperators(reader, NameSearch(config.search_db))
        recorder = UsageRecorder(self._usage, clock)
        trust = Trust(config)
        usage = ListUsage(config.usage_db, config.data_dir / "evidence_usage.db")
        servicer = QueryServicer(
            reader, verifier, searcher, recorder, usage, lambda city: trust.current().federation.find(city) is not None
        )
        screening = Screening(
            reader,
            clock,
            int(config.stale_after_h * 3_600_000),
            lambda: trust.current().federation.connections,
        )
        screener = ScreeningServicer(screening, recorder)
        self._listener = listener_factory(config, trust, counts=counts)(
            config.listen.query,
            add_query_service(servicer),
            add_screening_service(screener),
            add_trust_service(trust, config.data_dir),
        )

    def start(self) -> None:
        """Answers from now on."""
        if self._indexer is not None:
            self._indexer.start()
        self._listener.start()
        self._held = hold_place(self._data_dir, self._number)

    def check(self) -> None:
        """Has nothing to check: it acknowledges nothing."""

    def stop(self) -> None:
        """Finishes what is under way; every usage record is durable after."""
        self._listener.stop(GRACE_S)
        self._usage.close()
        if self._indexer is not None:
            self._indexer.stop()
        if self._held is not None:
            os.close(self._held)


class Indexer:
    """Brings the search index up to date, on a thread of its own: of several processes the first does it for all."""

    def __init__(self, config: Config) -> None:
        self._index = SearchIndex(config.search_db, config.node_db)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="search-index")

    def start(self) -> None:
        """Follows from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Ends with the batch under way."""
        self._stopping.set()
        self._thread.join()
        self._index.close()

    def _follow(self) -> None:
        failure = ""
        while not self._stopping.is_set():
            try:
                is_behind = self._index.follow()
                if failure:
                    failure = ""
                    _log.info("search_index_goes_on")
            except Exception as error:  # noqa: BLE001 - the index is derived: answering goes on
                # Tried again at every turn, and told once: a full disk would be filled by its own log.
                if repr(error) != failure:
                    failure = repr(error)
                    _log.exception("search_index_failed")
                is_behind = False
            if not is_behind:
                self._stopping.wait(_INDEX_S)


def _await_files(config: Config, place: Place) -> None:
    """Waits until the writing process has made the store, and the first query process what all of them need.

    Raises:
        NodeError: UNAVAILABLE.
    """
    _await_database(config.node_db)
    if not place.is_first:
        _await_database(config.usage_db)
        _await_database(config.search_db)


def _await_database(path: Path) -> None:
    deadline = time.monotonic() + _STORE_S
    while not path.exists() or not is_migrated(path):
        if time.monotonic() > deadline:
            raise NodeError(Reason.UNAVAILABLE, _("the node's store is missing: is its writing process running?"))
        time.sleep(0.05)
