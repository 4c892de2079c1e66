"""ControlService: the node's officers steer it."""

import queue
import threading
from collections.abc import Callable, Iterator

import grpc

from node.errors import NodeError, Reason
from node.rpc.server import Service
from node.stubs.control.v1 import control_pb2, control_pb2_grpc
from node.usecases.exchange.pull import Progress
from node.usecases.exchange.sync import Sync

SERVICE = "node.control.v1.ControlService"


class ControlServicer(control_pb2_grpc.ControlServiceServicer):
    """Answers the officers of one node."""

    def __init__(self, sync: Sync, status: Callable[[], control_pb2.StatusResponse]) -> None:
        self._sync = sync
        self._status = status

    def Sync(  # noqa: N802 - the name in the proto
        self, request: control_pb2.SyncRequest, _: grpc.ServicerContext
    ) -> Iterator[control_pb2.SyncResponse]:
        """Pulls from the named peers at once, side by side; ends when all have ended."""
        cities = list(request.cities) or self._sync.cities()
        messages: queue.SimpleQueue[control_pb2.SyncResponse] = queue.SimpleQueue()
        for city in cities:
            threading.Thread(target=self._run, args=(city, messages), name=f"sync-{city}", daemon=True).start()
        running = len(cities)
        while running:
            message = messages.get()
            running -= message.done
            yield message

    def Status(self, _: control_pb2.StatusRequest, __: grpc.ServicerContext) -> control_pb2.StatusResponse:  # noqa: N802
        """What an operator has to know."""
        return self._status()

    def ReleasePeer(  # noqa: N802
        self, request: control_pb2.ReleasePeerRequest, _: grpc.ServicerContext
    ) -> control_pb2.ReleasePeerResponse:
        """Thaws a frozen peer."""
        self._sync.release(request.city)
        return control_pb2.ReleasePeerResponse()

    def _run(self, city: str, messages: "queue.SimpleQueue[control_pb2.SyncResponse]") -> None:
        def report(progress: Progress) -> None:
            messages.put(_message(city, progress))

        try:
            last = _message(city, self._sync.run_now(city, report))
        except NodeError as error:
            last = control_pb2.SyncResponse(city=city, reason=error.reason, message=error.message)
        except Exception:  # noqa: BLE001 - the caller must learn that it ended
            last = control_pb2.SyncResponse(city=city, reason=Reason.INTERNAL, message="see the node's log")
        last.done = True
        messages.put(last)


def _message(city: str, progress: Progress) -> control_pb2.SyncResponse:
    return control_pb2.SyncResponse(city=city, tree_size=progress.tree_size, target_size=progress.target_size)


def add_control_service(servicer: ControlServicer) -> Service:
    """The service's name and how it is registered."""
    return SERVICE, lambda server: control_pb2_grpc.add_ControlServiceServicer_to_server(servicer, server)
