"""What `gongzhi status` asks of the writing process."""

from collections.abc import Callable

from node.bootstrap.clock import describe_clock
from node.bootstrap.exchange import Exchange
from node.bootstrap.peers import Peers
from node.config import Config
from node.core.law.calendar import Calendar
from node.ports import Clock
from node.storage.sqlite.store import Store
from node.stubs.control.v1.control_pb2 import StatusResponse
from node.usecases.upkeep.checks.run import watched_findings
from node.usecases.upkeep.checks.scene import Observer
from node.usecases.upkeep.node_status import node_status


def status_of(
    config: Config, store: Store, peers: Peers, exchange: Exchange, clock: Clock, calendar: Calendar
) -> Callable[[], StatusResponse]:
    """What tells the state of a running node each time it is called."""
    observer = Observer(config, is_running=True)

    def status() -> StatusResponse:
        response = node_status(
            store,
            peers.members(),
            config.data_dir,
            clock,
            exchange.policy.digest,
            exchange.policy_error,
            watched_findings(observer.scene()),
            exchange.sync.silence,
        )
        response.clock.CopyFrom(describe_clock(clock, calendar))
        return response

    return status
