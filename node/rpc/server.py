"""A listener: a gRPC server behind mTLS and the interceptor, with health and reflection."""

from collections.abc import Callable, Sequence

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from node.errors import NodeError, Reason
from node.folder.trust import Trust
from node.rpc.auth_interceptor import AuthInterceptor
from node.rpc.threads import Threads
from node.rpc.tls import server_credentials, server_options
from node.usecases.upkeep.bind_listeners import address_taken, cannot_listen

Service = tuple[str, Callable[[grpc.Server], None]]
"""Full name of a service, and how it is registered with a server."""


class Listener:
    """One address and what is served there."""

    def __init__(
        self,
        address: str,
        trust: Trust,
        interceptor: AuthInterceptor,
        services: Sequence[Service],
        *,
        workers: int,
        max_message_bytes: int,
        is_shared: bool = False,
    ) -> None:
        """Binds the address; nothing is answered before `start`.

        Args:
            address: host:port.
            trust: Whose certificates are let in.
            interceptor: Who may call what.
            services: Full name of each service and how it is registered.
            workers: Threads, and so calls under way at once.
            max_message_bytes: In either direction.
            is_shared: Whether other processes listen at the same address.

        Raises:
            NodeError: ALREADY_RUNNING, the address is taken.
        """
        self._server = grpc.server(
            Threads(workers, address),
            interceptors=[interceptor],
            options=server_options(max_message_bytes, is_shared=is_shared),
        )
        self._health = health.HealthServicer()
        for name, register in services:
            register(self._server)
            self._health.set(name, health_pb2.HealthCheckResponse.SERVING)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        names = (*(name for name, _ in services), health.SERVICE_NAME, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, self._server)
        self._bind(address, trust)

    def start(self) -> None:
        """Answers from now on."""
        self._server.start()

    def stop(self, grace_s: float) -> None:
        """Says it is going, lets calls under way finish for `grace_s`, then ends them."""
        self._health.enter_graceful_shutdown()
        self._server.stop(grace_s).wait()

    def _bind(self, address: str, trust: Trust) -> None:
        try:
            port = self._server.add_secure_port(address, server_credentials(trust))
        except RuntimeError:
            port = 0
        if not port:
            raise NodeError(Reason.ALREADY_RUNNING, cannot_listen(address, address_taken()))
