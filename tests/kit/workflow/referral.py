"""A referral's acts, for tests of the engine."""

from node.core.workflow.case import Case, check
from node.core.workflow.declared import WORKFLOWS
from node.core.workflow.facts import ActFact
from node.core.workflow.model import Role
from node.core.workflow.run import Standing
from node.errors import Reason
from tests.kit.workflow.acts import complete

REFERRAL = WORKFLOWS["referral"]
CASE = "changsha-0"


def act(name: str, record_id: str, *follows: str) -> ActFact:
    return complete(REFERRAL, REFERRAL.act[name], record_id, CASE, follows)


def sent() -> list[ActFact]:
    return [
        act("draft", CASE),
        act("approve", "changsha-1", CASE),
        act("send", "changsha-2", "changsha-1"),
        act("receive", "hefei-3", "changsha-2"),
    ]


def accepted() -> list[ActFact]:
    return [*sent(), act("accept", "hefei-4", "hefei-3")]


def standings(case: Case) -> dict[str, Standing]:
    return {verdict.fact.id: verdict.standing for verdict in case.history()}


def reasons(case: Case, fact: ActFact, role: Role | None = None) -> set[Reason]:
    """Why the engine refuses an act in a case."""
    return {broken.reason for broken in check(case, fact, role)}
