"""The attachments of a node: the files, who used them, and the services that hand them over."""

from node.bootstrap.peers import Peers
from node.config import Config
from node.ports import Clock
from node.rpc.evidence_service import (
    EvidenceExchangeServicer,
    EvidenceServicer,
    PlatformEvidenceServicer,
    add_evidence_exchange,
    add_evidence_service,
    add_platform_evidence,
)
from node.rpc.server import Service
from node.storage.sqlite.evidence import EvidenceStore
from node.storage.sqlite.store import Store
from node.storage.sqlite.usage import UsageLog
from node.usecases.evidence.fetch import Destruction
from node.usecases.evidence.read_for_platform import Open, PlatformEvidence
from node.usecases.exchange.enforce_policy import PolicyInForce
from node.usecases.records.usage import UsageRecorder


class Evidence:
    """The evidence of one node; `usage` records who used what by the writing process."""

    def __init__(self, config: Config, store: Store, peers: Peers, clock: Clock) -> None:
        self._city = config.city
        self._store = store
        self._peers = peers
        self._attachments = EvidenceStore(config.data_dir, config.evidence, clock)
        self._usage_log = UsageLog(config.data_dir / "evidence_usage.db")
        self._destruction = Destruction(store, self._attachments)
        self.usage = UsageRecorder(self._usage_log, clock)

    def service_for_peers(self, policy: PolicyInForce) -> Service:
        """Hands attachments to cities that the policy lets see the records that name them."""
        return add_evidence_exchange(
            EvidenceExchangeServicer(self._store, self._attachments, self._city, policy, self.usage)
        )

    def services_for_clients(self, open_case: Open) -> tuple[Service, Service]:
        """For officers and adapters, and for platforms."""
        connect = self._peers.connect_evidence
        platforms = PlatformEvidence(self._store, self._attachments, self._city, open_case, connect)
        return (
            add_evidence_service(EvidenceServicer(self._store, self._attachments, self.usage, connect)),
            add_platform_evidence(PlatformEvidenceServicer(platforms, self.usage)),
        )

    def destroy_ended(self) -> None:
        """Destroys the attachments that no record names any more."""
        self._destruction.run()

    def close(self) -> None:
        """Closes the databases."""
        self._usage_log.close()
        self._attachments.close()
