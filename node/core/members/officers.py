"""Officers: who of a city acts in its cases, by what right; and platforms, which act in their own matters."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from node.core.workflow.model import Act, Role
from node.errors import NodeError, Reason
from node.messages import _


class OfficerRole(StrEnum):
    """What an account may do. An auditor reads everything and acts nowhere; an admin steers the node."""

    CLERK = "clerk"
    CASE_OFFICER = "case_officer"
    APPROVER = "approver"
    AUDITOR = "auditor"
    ADMIN = "admin"


_ACTING = {OfficerRole.CLERK, OfficerRole.CASE_OFFICER, OfficerRole.APPROVER}


@dataclass(frozen=True)
class Account:
    """What the clients file says of a person, or of a platform, beyond the certificate.

    Attributes:
        name: of the person; of a platform as records name it.
        roles: none for a platform.
        certificate_number: 执法证号 of an officer.
    """

    name: str
    roles: tuple[OfficerRole, ...] = ()
    certificate_number: str = ""

    def has(self, role: OfficerRole) -> bool:
        """Whether the account has a role."""
        return role in self.roles

    @property
    def acts(self) -> bool:
        """Works on cases, rather than reading them or steering the node."""
        return bool(_ACTING & set(self.roles))

    @property
    def is_steward(self) -> bool:
        """Steers the node and nothing else."""
        return set(self.roles) <= {OfficerRole.ADMIN}


class AccountEntry(BaseModel):
    """An account as the clients file writes it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(min_length=1, max_length=100)]
    roles: list[OfficerRole] = []
    certificate_number: Annotated[str, Field(max_length=50, pattern=r"^\S*$")] = ""

    def account(self) -> Account:
        """The account."""
        return Account(self.name, tuple(self.roles), self.certificate_number)


def plain_account(account: Account) -> dict[str, object]:
    """What `AccountEntry` reads."""
    plain: dict[str, object] = {"name": account.name}
    if account.roles:
        plain["roles"] = [role.value for role in account.roles]
    if account.certificate_number:
        plain["certificate_number"] = account.certificate_number
    return plain


def making_role(account: Account, act: Act) -> Role:
    """The role in which an officer makes or drafts an act; one that does not fit is the engine's to refuse.

    An act that approvers alone may make (an approval) is drafted by whoever works on cases.

    Raises:
        NodeError: WRONG_ACTOR, an account that acts in no case.
    """
    held = [Role(role.value) for role in account.roles if role in _ACTING]
    if not held:
        raise NodeError(
            Reason.WRONG_ACTOR, _("read-only account: only clerks, case officers and approvers act in cases")
        )
    if act.binds and set(act.roles) == {Role.APPROVER}:
        return Role.APPROVER
    return next((role for role in held if role in act.roles), held[0])


def check_approver(account: Account) -> None:
    """Checks that an account may approve what another drafted.

    Raises:
        NodeError: WRONG_ACTOR.
    """
    if not account.has(OfficerRole.APPROVER):
        raise NodeError(Reason.WRONG_ACTOR, _("only an officer with the role approver can approve a draft"))
