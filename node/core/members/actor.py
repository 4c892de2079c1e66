"""Who works on a case: an officer of this city, or a platform in a matter of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from node.core.members.officers import Account
from node.core.workflow.model import Kind, Workflow
from node.stubs.standard.v1.act_pb2 import Officer


class Parted(Protocol):
    """A case as far as its parties go."""

    @property
    def workflow(self) -> Workflow:
        """Its workflow."""

    @property
    def parties(self) -> Mapping[str, str]:
        """Party -> city slug or platform."""


@dataclass(frozen=True)
class Actor:
    """The caller. `id` is the client's name, which is the account of an officer."""

    id: str
    account: Account
    is_platform: bool = False

    def officer(self) -> Officer:
        """As acts name an officer."""
        account = self.account
        return Officer(name=account.name, certificate_number=account.certificate_number, account=self.id)

    def may_see(self, case: Parted, city: str) -> bool:
        """An officer sees every case that is here, a platform those that name it and this city as where it connects."""
        if not self.is_platform:
            return True
        parties = case.parties
        named = (party for party in case.workflow.parties if party.kind is Kind.PLATFORM)
        return any((parties.get(who.name), parties.get(who.at)) == (self.account.name, city) for who in named)
