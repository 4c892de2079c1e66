"""A running node with its officers and a platform, spoken to as each of them."""

from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from google.protobuf.message import Message

from node.client.channel import identity_channel
from node.config import Config
from node.core.members.clients import Kind
from node.core.members.officers import Account, OfficerRole
from node.folder.identity import add_client, load_identity
from node.storage.sqlite.schema import open_reader
from node.stubs.casework.v1 import casework_pb2 as pb
from node.stubs.casework.v1.casework_pb2_grpc import CaseServiceStub
from tests.kit.nodes.processes import Running

# No pull by schedule within the time of the test: what arrives, a hint has brought.
SLOW = MappingProxyType({"sync": {"interval_s": 600}})
PEOPLE = {
    "zhang": Account("张三", (OfficerRole.CASE_OFFICER,), "A01"),
    "li": Account("李四", (OfficerRole.APPROVER,), "A02"),
    "wang": Account("王五", (OfficerRole.AUDITOR,), "A03"),
}
PLATFORMS = {"changsha": ("jd", "京东"), "hefei": ("xhs", "小红书")}


class Office:
    """One running node and its people."""

    def __init__(self, config: Config, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self._stack = stack
        self._usage = config.data_dir / "evidence_usage.db"
        for name, account in PEOPLE.items():
            add_client(config, name, Kind.OFFICER, folder / name, datetime.now(UTC), account=account)
        name, title = PLATFORMS[config.city]
        add_client(config, name, Kind.PLATFORM, folder / name, datetime.now(UTC), account=Account(title))
        self.node = stack.enter_context(Running(config))

    def as_(self, name: str) -> CaseServiceStub:
        channel = identity_channel(load_identity(self.folder / name), "intake")
        self._stack.callback(channel.close)
        return CaseServiceStub(channel)

    def usage(self) -> list[tuple[Any, ...]]:
        with closing(open_reader(self._usage)) as connection:
            return list(connection.execute("SELECT kind, name, rpc, purpose, subject, result FROM usage"))

    def act(self, case: str, body: Message) -> pb.Recorded:
        submission = pb.Submission(workflow="referral", case=case, body=body.SerializeToString())
        stub = self.as_("zhang")
        if not case:
            return stub.Open(pb.OpenRequest(submission=submission), timeout=20).recorded
        return stub.Act(pb.ActRequest(submission=submission), timeout=20).recorded

    def decide(self, case: str, body: Message, workflow: str = "referral") -> pb.Recorded:
        submission = pb.Submission(workflow=workflow, case=case, body=body.SerializeToString())
        draft = self.as_("zhang").Prepare(pb.PrepareRequest(submission=submission), timeout=20).draft
        return self.as_("li").Approve(pb.ApproveRequest(draft=draft.number), timeout=20).recorded

    def show(self, case: str, name: str = "zhang") -> pb.Case:
        return self.as_(name).Show(pb.ShowRequest(case=case), timeout=20).case
