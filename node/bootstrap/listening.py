"""The listeners of a process of the node: one interceptor for all of them."""

from typing import Protocol

from node.config import Config
from node.folder.trust import Trust
from node.rpc.auth_interceptor import AuthInterceptor, Note
from node.rpc.counts import Counts
from node.rpc.principal import Principals
from node.rpc.server import Listener, Service

# More than all peers of a federation of six may hold together (`limits.open_calls`). A thread begins when it is needed.
WORKERS = 64
# What is under way when the node stops may take so long to finish.
GRACE_S = 10.0


class MakeListener(Protocol):
    """Binds one address for some services."""

    def __call__(self, address: str, *services: Service) -> Listener:
        """The listener, bound and not yet started."""
        ...


def listener_factory(
    config: Config, trust: Trust, trail: Note | None = None, counts: Counts | None = None
) -> MakeListener:
    """What binds the listeners of one process: they share who may call, and how often.

    Args:
        config: Of the node.
        trust: Who may call.
        trail: Notes acts of administration.
        counts: Shared with the other processes that listen at the same address; None where there are none.
    """
    interceptor = AuthInterceptor(Principals(trust), config.limits, trail, counts)
    is_shared = counts is not None and counts.place.of > 1

    def make(address: str, *services: Service) -> Listener:
        return Listener(
            address,
            trust,
            interceptor,
            services,
            workers=WORKERS,
            max_message_bytes=config.limits.max_message_bytes,
            is_shared=is_shared,
        )

    return make
