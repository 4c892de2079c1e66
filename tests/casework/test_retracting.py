"""Who takes a record back: what a case made belongs to its workflow, rows to officers, nothing to adapters."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import grpc
import pytest
from click.testing import Result

from adapters.intake import Node
from adapters.load import load
from adapters.report import Report
from node.cli.main import gongzhi
from node.client.channel import identity_channel
from node.client.errors import error_from_rpc
from node.core.log.record import parse_record_id
from node.core.members.clients import Kind
from node.core.policy.policy import Policy
from node.errors import NodeError, Reason
from node.folder.identity import add_client, load_identity, officer_identity
from node.storage.sqlite.trail import read_trail
from node.stubs.intake.v1 import intake_pb2 as pb
from node.stubs.intake.v1 import intake_pb2_grpc
from node.stubs.standard.v1 import penalty_pb2
from node.usecases.records.ingest import Ingest
from node.usecases.records.retract import Retractions
from tests.kit.casework.casework_city import CaseworkCity, at, drafted_referral, referring
from tests.kit.casework.penalties import NUMBER, investigated, penalising, penalties
from tests.kit.commands import invoke
from tests.kit.nodes.office import SLOW, Office
from tests.kit.nodes.processes import batch, found
from tests.kit.samples.registry import rows, write_csv
from tests.kit.samples.standards import PARTY
from tests.kit.waiting import eventually


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("taking-back")
    (config,) = found(folder / "nodes", "changsha", settings=SLOW)
    add_client(config, "registry", Kind.ADAPTER, folder / "changsha" / "registry", datetime.now(UTC))
    with ExitStack() as stack:
        yield Office(config, folder / "changsha", stack)


def take_back(office: Office, record: str, name: str = "") -> str:
    """The record that takes `record` back, for a client or for the node's own officer."""
    identity = load_identity(office.folder / name) if name else officer_identity(office.node.config)
    request = pb.RetractRequest(id=record, purpose="correction", legal_basis="b")
    with identity_channel(identity, "intake") as channel:
        try:
            return str(intake_pb2_grpc.IntakeServiceStub(channel).Retract(request, timeout=20).id)
        except grpc.RpcError as error:
            raise error_from_rpc(error) from None


def taken_in(office: Office, number: int) -> str:
    (answer,) = office.node.submit(iter([batch(number)]))
    return str(answer.outcomes[0].id)


def uses(office: Office) -> list[tuple[str, str, str]]:
    """Who asked the node to take what back, and what became of it."""
    with sqlite3.connect(f"file:{office.node.config.data_dir / 'evidence_usage.db'}?mode=ro", uri=True) as opened:
        return opened.execute("SELECT name, subject, result FROM usage WHERE rpc = 'Retract'").fetchall()


def test_no_program_takes_anything_back(office: Office) -> None:
    record = taken_in(office, 1)
    for name in ("registry", "jd", "wang"):
        with pytest.raises(NodeError) as caught:
            take_back(office, record, name)
        assert caught.value.reason is Reason.PERMISSION_DENIED, name


def test_who_is_refused_again_and_again_fills_no_trail(office: Office) -> None:
    record = taken_in(office, 3)
    for _ in range(5):
        with pytest.raises(NodeError):
            take_back(office, record, "registry")

    def refused() -> list[str]:
        noted = [each.act for each in read_trail(office.node.config.data_dir)]
        return [each.result for each in noted if each.who == "adapter:registry" and each.what.endswith("/Retract")]

    eventually(refused)
    assert refused() == ["permission_denied"]


def test_what_officers_decided_in_a_case_no_single_officer_takes_back(office: Office) -> None:
    case = office.act("", drafted_referral()).case
    approval = office.decide(case, referring("approve")).id
    for name in ("zhang", "li", ""):  # nor the node's own officer, beside the machine
        for record in (case, approval):
            with pytest.raises(NodeError) as caught:
                take_back(office, record, name)
            assert caught.value.reason is Reason.WRONG_ACTOR
    assert office.show(case).state == "approved"


def test_who_took_a_record_back_is_recorded(office: Office) -> None:
    record = taken_in(office, 2)
    made = take_back(office, record, "zhang")
    assert parse_record_id(made)[1] > parse_record_id(record)[1]
    eventually(lambda: ("zhang", record, f"retracted={made}") in uses(office))


def command(office: Office, *words: str, name: str = "") -> Result:
    who = ("--as", str(office.folder / name)) if name else ("--node", str(office.node.config.keys.parent))
    return invoke(gongzhi, *words, *who)


def test_a_wrong_file_is_taken_back_by_two_officers(office: Office, tmp_path: Path) -> None:
    file = tmp_path / "错误的文件.csv"
    write_csv(file, rows(2))

    def hand_in() -> Report:
        return load([file], Path("registry"), Node(office.folder / "registry"))

    report = hand_in()
    ((number, name),) = report.loads.items()
    assert (report.accepted, name) == (2, file.name)

    why = ("--purpose", "correction", "--legal-basis", "数据安全法 第二十一条", "--yes")
    refused = command(office, "retract", "--load", str(number), *why)  # the node's own account is no person
    assert isinstance(refused.exception, NodeError)
    assert refused.exception.reason is Reason.PERMISSION_DENIED
    assert "needs an approver" in command(office, "retract", "--load", str(number), *why, name="zhang").output
    for alone in ("zhang", "wang"):
        refused = command(office, "retract", "--load", str(number), "--approve", "--yes", name=alone)
        assert isinstance(refused.exception, NodeError), refused.output
    done = command(office, "retract", "--load", str(number), "--approve", "--yes", name="li")
    assert "2 of 2 records" in done.output
    listed = json.loads(command(office, "load", "list", "--json", name="li").output)
    (mine,) = [each for each in listed if each["number"] == number]
    assert (mine["client"], mine["file"], mine["retracted"]) == ("registry", file.name, 2)
    assert (mine["asked_by"], mine["approved_by"]) == ("zhang", "li")
    # The right file makes records of its own.
    assert hand_in().accepted == 2


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[CaseworkCity]:
    made = CaseworkCity(tmp_path, "changsha", ("changsha", "hefei"))
    made.clock.at_ms = at("2026-05-06")
    yield made
    made.close()


def hand_in(desk: CaseworkCity, source: str, key: str) -> pb.SubmitResponse:
    """A penalty of the same party as a row, as an adapter hands it in."""
    body = penalty_pb2.Penalty(
        party=PARTY, decision_number=NUMBER, decided_on="2026-05-06", organ="长沙市市场监管局", violation="虚假",
        facts="另一事实", legal_basis="反不正当竞争法 第20条", kinds=[penalty_pb2.PENALTY_KIND_WARNING], content="警告",
    )  # fmt: skip
    ingest = Ingest(desk.store, desk.clock, Retractions(lambda: Policy("changsha", (), (), {}), tuple, desk.clock))
    return ingest.finish(
        ingest.begin(
            pb.SubmitRequest(
                standard="penalty", version=1, source=source, audience=["all"], purpose="p", legal_basis="b",
                rows=[pb.Row(key=key, body=body.SerializeToString())],
            )
        )
    )  # fmt: skip


def test_a_row_takes_the_place_of_no_record_that_a_case_made(desk: CaseworkCity) -> None:
    case = investigated(desk, desk)
    desk.decide("referral", case, penalising())
    (outcome,) = hand_in(desk, source=case, key=NUMBER).outcomes
    assert outcome.status == pb.STATUS_ACCEPTED, outcome  # a record of its own
    assert sorted(next(iter(each.kinds)) for each in penalties(desk)) == [
        penalty_pb2.PENALTY_KIND_WARNING,
        penalty_pb2.PENALTY_KIND_FINE,
    ]


@pytest.mark.parametrize("source", ["casework", "node"])
def test_a_row_does_not_pass_for_what_the_node_wrote(desk: CaseworkCity, source: str) -> None:
    with pytest.raises(NodeError) as caught:
        hand_in(desk, source=source, key="1")
    assert caught.value.reason is Reason.PERMISSION_DENIED
