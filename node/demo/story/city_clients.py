"""The clients of a city in the story: its officers and its platform, each with a certificate of their own."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from google.protobuf.json_format import ParseDict

from node.client import NodeClient, RefusedAct, load_identity, node_errors
from node.core.log.proof import Proven, verify_proof
from node.core.members.clients import Kind
from node.core.members.officers import Account
from node.core.standards import standard as standards
from node.core.workflow.declared import workflow as find_workflow
from node.demo.failure import DemoError
from node.demo.nodes import Node
from node.demo.story.cast import OFFICES
from node.errors import NodeError
from node.folder.files import load_federation
from node.folder.identity import add_client
from node.stubs.casework.v1 import casework_pb2 as pb
from node.stubs.casework.v1.casework_pb2_grpc import CaseServiceStub
from node.stubs.query.v1 import query_pb2 as query

MAKER, APPROVER = "maker", "approver"
_CALL_S = 60.0
_NOTHING: Mapping[str, Any] = MappingProxyType({})


class CityClients:
    """One city's node as those who work with it reach it."""

    def __init__(self, node: Node, folder: Path) -> None:
        self.node = node
        self.city = node.city
        self.office = OFFICES[node.city]
        self._folder = folder
        self._clients: dict[str, NodeClient] = {}
        for name, account in ((MAKER, self.office.maker), (APPROVER, self.office.approver)):
            self._enrol(name, Kind.OFFICER, account)

    def connect_platform(self, client: str, name: str) -> None:
        """Gives a platform a certificate of its own."""
        self._enrol(client, Kind.PLATFORM, Account(name))

    def identity(self, who: str) -> Path:
        """Folder of the key and certificate of an officer or platform."""
        return self._folder / who

    def close(self) -> None:
        """Hangs up."""
        while self._clients:
            self._clients.popitem()[1].close()

    def act(self, case: str, body: "Body", also_to: Sequence[str] = (), platform: str = "") -> pb.Recorded:
        """Records an act: by the platform, by one officer, or where it binds somebody by two.

        Raises:
            DemoError: The node refuses it; with every rule that it breaks.
        """
        submission = pb.Submission(workflow=body.workflow, case=case, body=body.wire, also_to=also_to)
        with self._refused(body):
            if body.binds:
                draft = self._case(MAKER).Prepare(pb.PrepareRequest(submission=submission), timeout=_CALL_S).draft
                return self._case(APPROVER).Approve(pb.ApproveRequest(draft=draft.number), timeout=_CALL_S).recorded
            stub = self._case(platform or MAKER)
            if case:
                return stub.Act(pb.ActRequest(submission=submission), timeout=_CALL_S).recorded
            return stub.Open(pb.OpenRequest(submission=submission), timeout=_CALL_S).recorded

    def take_up(self, draft: int, body: "Body") -> pb.Recorded:
        """Takes up a draft that the software prepared, and has it approved where the act binds somebody.

        Raises:
            DemoError: The node refuses it.
        """
        with self._refused(body):
            taken = self._case(MAKER).TakeUp(pb.TakeUpRequest(draft=draft, body=body.wire), timeout=_CALL_S)
            if taken.HasField("recorded"):
                return taken.recorded
            return self._case(APPROVER).Approve(pb.ApproveRequest(draft=taken.draft.number), timeout=_CALL_S).recorded

    def show(self, case: str, platform: str = "") -> pb.Case:
        """A case as the maker, or the platform, sees it.

        Raises:
            NodeError: NOT_FOUND, nothing of it is here.
        """
        with node_errors():
            return self._case(platform or MAKER).Show(pb.ShowRequest(case=case), timeout=_CALL_S).case

    def scores(self) -> list[pb.Score]:
        """How the cities keep their limits, as this one sees it."""
        return list(self._case(MAKER).Scorecard(pb.ScorecardRequest(), timeout=_CALL_S).scores)

    def prove(self, record: str) -> Proven:
        """The proof of a record, checked against the pinned key of its city as anybody could.

        Raises:
            NodeError: It does not hold.
        """
        reason = query.Reason(purpose="enforcement", legal_basis=self.node.config.sync.legal_basis)
        with node_errors():
            stub = self._client(MAKER).query
            proof = stub.Prove(query.ProveRequest(reason=reason, id=record), timeout=_CALL_S).proof
        return verify_proof(proof, load_federation(self.node.config.federation).member(proof.city).log_keys)

    @contextmanager
    def _refused(self, body: "Body") -> Iterator[None]:
        """A refusal ends the story, and says which rules the act breaks."""
        try:
            with node_errors():
                yield
        except NodeError as error:
            rules = error.rules if isinstance(error, RefusedAct) else ()
            broken = "".join(f"\n  {rule.rule}: {rule.zh} ({rule.law_zh})" for rule in rules)
            raise DemoError(f"{self.city}: {body.workflow} {body.act}: {error}{broken}") from None

    def _enrol(self, who: str, kind: Kind, account: Account) -> None:
        add_client(self.node.config, who, kind, self.identity(who), datetime.now(UTC), account=account)

    def _case(self, who: str) -> CaseServiceStub:
        return self._client(who).cases

    def _client(self, who: str) -> NodeClient:
        if who not in self._clients:
            self._clients[who] = NodeClient(load_identity(self.identity(who)))
        return self._clients[who]


class Body:
    """An act to be recorded: what it carries, in protobuf's JSON form."""

    def __init__(self, workflow: str, act: str, fields: Mapping[str, Any] = _NOTHING, **act_fields: Any) -> None:
        self.workflow = workflow
        self.act = act
        declared = find_workflow(workflow).act[act]
        self.label = declared.label
        self.binds = declared.binds
        self.message = ParseDict({**fields, "act": {"act": act, **act_fields}}, standards.get(workflow).message_type())

    @property
    def wire(self) -> bytes:
        """As it is submitted."""
        return self.message.SerializeToString()


def documents(*titles_and_numbers: str) -> list[dict[str, str]]:
    """Documents of an act, each "title=number"."""
    pairs = (each.split("=", 1) for each in titles_and_numbers)
    return [{"title": title, "number": number} for title, number in pairs]


__all__ = ["Body", "CityClients", "NodeError", "documents"]
