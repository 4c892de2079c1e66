"""Who works on a case: an officer of this city, or a platform in a matter of its own."""

from dataclasses import dataclass

from node.core.officers import Account
from node.core.workflow.model import Kind
from node.errors import NodeError, Reason
from node.standard.v1.act_pb2 import Officer
from node.usecases.casework.case_file import CaseFile


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

    def may_see(self, file: CaseFile) -> bool:
        """An officer sees every case that is here, a platform those that name it."""
        if not self.is_platform:
            return True
        parties = (party.name for party in file.workflow.parties if party.kind is Kind.PLATFORM)
        return self.account.name in {file.case.parties.get(name, "") for name in parties}


def check_sees(actor: Actor, file: CaseFile) -> None:
    """Checks that a case is the actor's to see.

    Raises:
        NodeError: NOT_FOUND, in the words of a case that is not here: a platform is not told that there is one.
    """
    if not actor.may_see(file):
        raise NodeError(Reason.NOT_FOUND, f"nothing of a case {file.id} is here")
