"""TrustService: the node's clients follow a change of its certificate."""

from pathlib import Path

import grpc
import structlog

from node.core.members.federation import parse_certificate
from node.folder.followers import note_pins
from node.folder.trust import Trust
from node.rpc.principal import presented_certificate
from node.rpc.server import Service
from node.stubs.trust.v1 import trust_pb2, trust_pb2_grpc

SERVICE = "node.trust.v1.TrustService"
_log = structlog.get_logger(__name__)


class TrustServicer(trust_pb2_grpc.TrustServiceServicer):
    """Answers the clients of one node."""

    def __init__(self, trust: Trust, data_dir: Path) -> None:
        self._trust = trust
        self._data_dir = data_dir

    def Follow(  # noqa: N802 - the name in the proto
        self, request: trust_pb2.FollowRequest, context: grpc.ServicerContext
    ) -> trust_pb2.FollowResponse:
        """Remembers what the caller's identity pins; says what the card names."""
        identity = parse_certificate(presented_certificate(context).decode()).fingerprint
        try:
            note_pins(self._data_dir, identity, {each.hex() for each in request.fingerprints})
        except OSError as error:  # a full disk: the client says it again
            _log.warning("pins_not_noted", error=error.strerror)
        card = self._trust.current().federation.member(self._trust.city)
        return trust_pb2.FollowResponse(certificates=[each.pem for each in card.tls_certs])


def add_trust_service(trust: Trust, data_dir: Path) -> Service:
    """What a listener needs to answer for it."""
    servicer = TrustServicer(trust, data_dir)
    return SERVICE, lambda server: trust_pb2_grpc.add_TrustServiceServicer_to_server(servicer, server)
