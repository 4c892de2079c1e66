"""What a node shares with its peers and takes from them: the policy in force, pulls, witnesses."""

from collections.abc import Callable
from functools import partial

import structlog

from node.bootstrap.peers import Peers
from node.bootstrap.policy_file import load_policy
from node.config import Config
from node.folder.keyfile import load_witness_key
from node.folder.trust import ReloadingFile
from node.ports import Clock
from node.rpc.exchange_service import ExchangeServicer, add_exchange_service
from node.rpc.server import Service
from node.storage.sqlite.store import Store
from node.usecases.exchange.compare import Compare
from node.usecases.exchange.enforce_policy import PolicyInForce
from node.usecases.exchange.freeze import Freeze
from node.usecases.exchange.sync import Sync
from node.usecases.exchange.witness import Round, Witness
from node.usecases.upkeep.confirm_restore import restored

_log = structlog.get_logger(__name__)


class Exchange:
    """The exchange of one node."""

    def __init__(self, config: Config, store: Store, peers: Peers, clock: Clock, changed: Callable[[], None]) -> None:
        """Takes the policy in force into the log.

        Args:
            config: Of the node.
            store: Its log and the replicas.
            peers: Whom it pulls from.
            clock: Of the node.
            changed: Called when every peer has something new to pull.

        Raises:
            NodeError: The policy file, the witness key or the log is wrong.
        """
        # First: a log that is behind or forked takes no record, not even one of a new policy.
        freeze = Freeze(store, changed)
        self._compare = Compare(store, lambda: peers.federation().members, clock, freeze)
        around = Round(_witness(config, store, clock), self._compare, peers.cities())
        self._policy_file = ReloadingFile(config.policy, partial(load_policy, config.city))
        self.policy = PolicyInForce(store, self._policy_file.current, peers.cities, clock)
        self.sync = Sync(store, peers.members, peers.connect, config.sync, clock, around)
        self._store = store
        self._city = config.city

    def policy_error(self) -> str:
        """Why a newer version of the policy file is not in force; empty where none is wrong."""
        return self._policy_file.error.message if self._policy_file.error else ""

    def service(self, wake: Callable[[str], None]) -> Service:
        """The service that peers call; `wake` is called with the city that hints."""
        return add_exchange_service(ExchangeServicer(self._store, self._city, self.policy, wake, self._compare))


def _witness(config: Config, store: Store, clock: Clock) -> Witness | None:
    """What cosigns the peers' checkpoints, where there is a witness key."""
    if not config.witness_key.exists():
        _log.warning("no_witness_key", hint="gongzhi key rotate --witness")
        return None
    may_cosign = restored(config) is None
    return Witness(store, config.city, load_witness_key(config.witness_key), clock, may_cosign)
