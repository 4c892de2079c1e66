"""The world of docs/platforms.md: Changsha's running node, an officer's two measures for 京东, and what Wuhan sent."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from node.client.channel import identity_channel
from node.core.members.clients import Kind
from node.core.members.officers import Account, OfficerRole
from node.folder.identity import add_client, load_identity
from node.folder.keyfile import load_log_key
from node.ports import Signer
from node.stubs.casework.v1 import casework_pb2 as pb
from node.stubs.casework.v1.casework_pb2_grpc import CaseServiceStub
from node.stubs.evidence.v1 import evidence_pb2 as evidence
from node.stubs.evidence.v1.evidence_pb2_grpc import EvidenceServiceStub
from tests.kit.casework.measures import request
from tests.kit.nodes.processes import Running, found
from tests.kit.stores.city import City, operator
from tests.kit.stores.evidence import announcement, chunks, sm3_of
from tests.kit.stores.listings import OTHER, listing, publish

PAGE = (Path(__file__).parents[3] / "docs" / "platforms.md").read_text("utf-8")
EXAMPLE = re.compile(r"^```(python|bash)\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)
CONTENT = b"what the request rests on" * 20_000
OFFICERS = {
    "zhang": Account("张三", (OfficerRole.CASE_OFFICER,), "A01"),
    "li": Account("李四", (OfficerRole.APPROVER,), "A02"),
}
_NEXT = "<<< next example >>>"


class Example(NamedTuple):
    """A block of the page; `says` is what the page says that it prints."""

    language: str
    text: str
    says: str


EXAMPLES = [Example(*each) for each in EXAMPLE.findall(PAGE)]
PYTHON = [each for each in EXAMPLES if each.language == "python"]
BASH = [each for each in EXAMPLES if each.language == "bash"]


class PlatformCity:
    """The running node, and a folder in which the examples run one after another."""

    def __init__(self, node: Running, folder: Path) -> None:
        self.node = node
        self.folder = folder
        self._measures = 1

    def shell(self, command: str) -> str:
        """What a block of the page prints in a terminal, without what goes to standard error."""
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        told = os.environ | {"PATH": path, "GONGZHI_NODE": str(self.node.folder)}
        done = subprocess.run(
            ["bash", "-c", command], cwd=self.folder, env=told, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def program(self) -> list[str]:
        """What each example in Python prints; all are one program."""
        text = f"\nprint({_NEXT!r})\n".join(each.text for each in PYTHON)
        done = subprocess.run(
            [sys.executable, "-c", text], cwd=self.folder, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.split(f"{_NEXT}\n")

    def stub(self, name: str) -> CaseServiceStub:
        """The casework of an officer or platform."""
        channel = identity_channel(load_identity(self.folder / name), "intake")
        self.node.channels.append(channel)
        return CaseServiceStub(channel)

    def ask(self) -> str:
        """An officer asks 京东 for a measure, another approves; the case."""
        body = request("京东", ends_on="2099-01-01")
        body.number = f"长市监处置〔2026〕{self._measures}号"
        self._measures += 1
        body.evidence[0].sha256, body.evidence[0].sm3 = announcement(CONTENT).sha256, sm3_of(CONTENT)
        submission = pb.Submission(workflow="measure.request", body=body.SerializeToString())
        draft = self.stub("zhang").Prepare(pb.PrepareRequest(submission=submission), timeout=20).draft
        return self.stub("li").Approve(pb.ApproveRequest(draft=draft.number), timeout=20).recorded.case


@contextmanager
def platform_city(folder: Path) -> Iterator[PlatformCity]:
    """Changsha's node with everything that the page needs; Wuhan's is not running."""
    changsha, wuhan = found(folder / "nodes", "changsha", "wuhan", settings={"sync": {"interval_s": 600}})
    _fill(changsha.node_db, load_log_key(changsha.log_key), load_log_key(wuhan.log_key), folder)
    now = datetime.now(UTC)
    for name, account in OFFICERS.items():
        add_client(changsha, name, Kind.OFFICER, folder / name, now, account=account)
    with Running(changsha) as node:
        city = PlatformCity(node, folder)
        city.shell(BASH[0].text)
        time.sleep(1.2)  # a running node looks at its files each second
        put = EvidenceServiceStub(node.channel("intake")).Put
        list(put(iter([evidence.PutRequest(announcement=announcement(CONTENT)), *chunks(CONTENT)]), timeout=20))
        city.ask()
        city.ask()
        yield city


def _fill(path: Path, own: Signer, other: Signer, folder: Path) -> None:
    """An operator and a listing of Changsha; an operator of Wuhan, obtained for enforcement alone."""
    now_ms = time.time_ns() // 1_000_000
    path.parent.mkdir(exist_ok=True)
    changsha = City(folder, "changsha", path, own, now_ms)
    wuhan = City(folder, "wuhan", signer=other, now_ms=now_ms)
    changsha.register(operator())
    publish(changsha, "listing.serious", listing("listing.serious", until="2099-01-01"))
    wuhan.register(operator(OTHER))
    changsha.pull(wuhan, purpose="enforcement")
    wuhan.close()
    changsha.close()
