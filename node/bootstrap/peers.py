"""The other cities as the writing process reaches them."""

from contextlib import AbstractContextManager

from node.config import Config
from node.core.members.federation import Federation, Member
from node.errors import NodeError, Reason
from node.folder.trust import Trust
from node.messages import _
from node.ports import Peer
from node.rpc.evidence_client import evidence_peer
from node.rpc.peer_client import connect, hint
from node.storage.sqlite.store import Store
from node.usecases.evidence.fetch import EvidencePeer


class Peers:
    """The peers that the federation file names now, each reached with this node's identity of now."""

    def __init__(self, config: Config, trust: Trust, store: Store) -> None:
        self._config = config
        self._trust = trust
        self._store = store

    def federation(self) -> Federation:
        """Every member, this city too."""
        return self._trust.current().federation

    def members(self) -> list[Member]:
        """The other cities."""
        return list(self.federation().peers_of(self._config.city))

    def cities(self) -> list[str]:
        """Their slugs."""
        return [member.city for member in self.members()]

    def connect(self, member: Member) -> AbstractContextManager[Peer]:
        """A peer's exchange, for the time of one pull."""
        return connect(member, self._trust.current().identity, self._config.sync)

    def hint(self, city: str) -> None:
        """Tells a peer that there is something new for it here.

        Raises:
            NodeError: It refused or could not be reached.
        """
        trusted = self._trust.current()
        hint(trusted.federation.member(city), trusted.identity, self._config.sync.connect_timeout_s)

    def connect_evidence(self, city: str) -> AbstractContextManager[EvidencePeer]:
        """A peer's evidence exchange, for the time of one fetch.

        Raises:
            NodeError: PEER_FROZEN.
        """
        if self._store.peers.state(city).frozen:
            raise NodeError(Reason.PEER_FROZEN, _("{city} is frozen: look at its incident, then release it", city=city))
        trusted = self._trust.current()
        return evidence_peer(trusted.federation.member(city), trusted.identity, self._config.sync.batch_timeout_s)
