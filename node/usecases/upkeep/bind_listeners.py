"""Takes every address of a node before anything of the node is started or changed."""

import errno
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from node.config import Listen
from node.errors import NodeError, Reason
from node.messages import Message, _

_BACKLOG = 128


@contextmanager
def bind_listeners(listen: Listen) -> Iterator[dict[str, socket.socket]]:
    """Holds a listening socket for every setting of `listen`, by its name; none of them answers yet.

    Raises:
        NodeError: ALREADY_RUNNING, an address is taken, or two settings name the same; INVALID_CONFIG, this machine
            cannot listen there.
    """
    with ExitStack() as held:
        yield {name: held.enter_context(_bind(name, getattr(listen, name))) for name in type(listen).model_fields}


def hold_for_processes(checked: socket.socket) -> None:
    """Keeps an address for processes that listen there together, with SO_REUSEPORT.

    The socket stays bound and listens no more: the kernel would hand it connections. From here to its end whoever asks
    for the address alone is refused, as `bind_listeners` of another node does, also while no process listens.
    """
    checked.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
    checked.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    checked.shutdown(socket.SHUT_RD)


def _bind(setting: str, address: str) -> socket.socket:
    """Binds one of the addresses that a host name stands for, as gRPC does, and minds if any of them is taken."""
    host, _colon, port = address.rpartition(":")
    bound, failure = None, None
    try:
        addresses = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise _refusal(setting, address, error) from None
    for family, kind, protocol, _canonical, where in addresses:
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(where)
            listener.listen(_BACKLOG)
        except OSError as error:
            listener.close()
            failure = error if failure is None or error.errno == errno.EADDRINUSE else failure
            continue
        if bound is not None:
            listener.close()
        bound = bound or listener
    if failure is not None and (bound is None or failure.errno == errno.EADDRINUSE):
        if bound is not None:
            bound.close()
        raise _refusal(setting, address, failure)
    if bound is None:
        raise NodeError(Reason.INVALID_CONFIG, _of_setting(setting, address, _("no such address")))
    return bound


def cannot_listen(address: str, why: str) -> Message:
    """Says that a program cannot listen on an address, and why."""
    return _("cannot listen on {address}: {why}", address=address, why=why)


def address_taken() -> Message:
    """Why a program usually cannot listen on an address."""
    return _("another program may be using it")


def _refusal(setting: str, address: str, error: OSError) -> NodeError:
    if error.errno == errno.EADDRINUSE:
        return NodeError(Reason.ALREADY_RUNNING, _of_setting(setting, address, address_taken()))
    return NodeError(Reason.INVALID_CONFIG, _of_setting(setting, address, str(error.strerror)))


def _of_setting(setting: str, address: str, why: str) -> Message:
    return _("{problem} (listen.{setting} in node.yaml)", problem=cannot_listen(address, why), setting=setting)
