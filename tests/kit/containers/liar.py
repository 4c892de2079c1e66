"""A city that lies: its own store, keys and address, and the hostile simulator's words. Runs in the node's image.

`python -m tests.kit.containers.liar <lie>` beside a stopped node, in its folder.
"""

import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import grpc

from node.config import load_config
from node.core.members.federation import Member
from node.folder.keyfile import load_log_key
from node.folder.trust import Trust
from node.rpc.auth_interceptor import AuthInterceptor
from node.rpc.exchange_service import ExchangeServicer, add_exchange_service
from node.rpc.principal import Principals
from node.rpc.server import Listener
from node.stubs.exchange.v1.exchange_pb2 import PullRequest
from node.usecases.exchange.compare import Compare
from node.usecases.exchange.freeze import Freeze
from tests.kit.simulator.lies import LIES, Lie, told
from tests.kit.simulator.origin import Origin, registration
from tests.kit.simulator.telling import heard

TOLD = ("altered_facet", "altered_common", "wrong_salt", "signature_altered", "random_bytes", "no_checkpoint")
"""Lies that can be told of any log, to a city that knows the whole of it so far."""
_NEWS = 300
_FIRST = 70_000_000


class Liar(ExchangeServicer):
    """Answers every pull with a lie, and all else as the city would."""

    def __init__(self, origin: Origin, lie: Lie, members: Sequence[Member]) -> None:
        freeze = Freeze(origin.store, lambda: None)
        compare = Compare(origin.store, lambda: members, origin.clock, freeze)
        super().__init__(origin.store, origin.city, origin.policy, lambda _: None, compare)
        self._origin = origin
        self._lie = lie

    def pull(self, request: PullRequest, context: grpc.ServicerContext) -> Iterator[bytes]:
        """What the city would say, made a lie."""
        return told(self._lie.tell(self._origin, heard(super().pull(request, context))))


def main(name: str) -> None:
    """Lies until told to end."""
    config = load_config(Path("/data"))
    lie = next(each for each in LIES if each.name == name)
    origin = Origin(config.node_db, config.city, load_log_key(config.log_key))
    # News, so that there is something to lie about; what is told of it later is the truth.
    origin.take_in(*map(registration, range(_FIRST, _FIRST + _NEWS)), source=f"liar {origin.size}")
    trust = Trust(config)
    liar = Liar(origin, lie, trust.current().federation.members)
    listener = Listener(
        config.listen.exchange,
        trust,
        AuthInterceptor(Principals(trust), config.limits),
        [add_exchange_service(liar)],
        workers=16,
        max_message_bytes=config.limits.max_message_bytes,
    )
    listener.start()
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    listener.stop(0)
    origin.close()


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    main(sys.argv[1])
