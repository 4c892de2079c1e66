"""`gongzhi policy` as an officer uses it."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from google.protobuf.json_format import MessageToJson

from node.cli.main import gongzhi
from node.cli.policy import policy
from node.core.log.proof import format_proof
from node.core.log.record import split_header
from node.core.log.run import cut, seal
from node.core.standards.standard import get
from node.errors import NodeError, Reason
from node.stubs.query.v1.query_pb2 import Proof
from node.stubs.record.v1.record_pb2 import Header
from node.stubs.standard.v1.operator_pb2 import OperatorRegistration, OperatorStatus
from tests.kit.commands import invoke

POLICIES = Path(__file__).parents[2] / "policies"
CHANGSHA = POLICIES / "changsha.yaml"
ASK = ["explain", str(CHANGSHA), "--purpose", "verification", "--peer"]


def run(*arguments: str | Path) -> Result:
    return invoke(policy, *arguments)


def reason_of(result: Result) -> Reason:
    """Why a command failed: the command line ends with exit code 2 then."""
    assert isinstance(result.exception, NodeError)
    return result.exception.reason


def explain(peer: str, *arguments: str | Path) -> Any:
    result = run(*ASK, peer, "--json", *arguments)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    path = tmp_path / "broken.yaml"
    path.write_text(CHANGSHA.read_text("utf-8").replace("facets: [regulator]", "facets: [identity]"), "utf-8")
    return path


def test_check_says_the_shipped_policies_are_good() -> None:
    result = run("check", *sorted(POLICIES.glob("*.yaml")))
    assert result.exit_code == 0
    assert result.output.count(": correct, ") == 6


def test_check_refuses_with_file_line_and_reason(broken: Path) -> None:
    line = broken.read_text("utf-8").splitlines().index("    facets: [identity]") + 1
    result = run("check", CHANGSHA, broken)
    assert result.exit_code == 2
    assert f"{broken}:{line}: " in result.output
    assert "bulk exchange of ID numbers is refused" in result.output
    good, refused = json.loads(run("check", "--json", CHANGSHA, broken).stdout)
    assert good["ok"]
    assert not refused["ok"]
    assert (refused["line"], refused["reason"]) == (line, "invalid_policy")


@pytest.mark.parametrize("command", ["test", "matrix"])
def test_every_command_refuses_a_bad_file(command: str, broken: Path) -> None:
    assert reason_of(run(command, broken)) is Reason.INVALID_POLICY


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "gbk.yaml"
    path.write_bytes("# 长沙".encode("gbk"))
    result = run("check", path)
    assert result.exit_code == 2
    assert "UTF-8" in result.output


def test_a_missing_file_is_a_usage_error(tmp_path: Path) -> None:
    assert run("check", tmp_path / "none.yaml").exit_code == 2


def test_cases_pass_or_fail_with_a_code(tmp_path: Path) -> None:
    assert run("test", CHANGSHA).exit_code == 0
    path = tmp_path / "changed.yaml"
    path.write_text(CHANGSHA.read_text("utf-8").replace("expect: [public]", "expect: withheld", 1), "utf-8")
    result = run("test", path)
    assert result.exit_code == 1
    assert "sees public, expected withheld" in result.output
    rows = json.loads(run("test", "--json", path).stdout)
    assert [row["got"] for row in rows if not row["passed"]] == ["public"]


def test_matrix_shows_a_city_no_rule_names() -> None:
    result = run("matrix", CHANGSHA, "--peer", "hefei")
    assert result.exit_code == 0
    assert "hefei" in result.output
    assert "[2] unless body.status in" in result.output
    rows = json.loads(run("matrix", CHANGSHA, "--json").stdout)
    rows = [row for row in rows if row["standard"].startswith("operator.registration")]
    regulators = {row["peer"] for row in rows if row["facet"] == "regulator" and row["answer"] == "yes"}
    assert regulators == {"wuhan", "nanchang"}


@pytest.mark.parametrize(
    ("peer", "fields", "sees"),
    [
        ("taiyuan", ["status=4"], "withheld"),
        ("taiyuan", ["status=OPERATOR_STATUS_IN_BUSINESS"], "public"),
        ("wuhan", ["status=4", "uscc=914300007121944054", "registered_address.region6=430102"], "public, regulator"),
        ("wuhan", ['header.audience=["hefei"]'], "withheld"),
        ("wuhan", ["header.retracts=changsha-17"], "header only"),
    ],
)
def test_explain_says_what_a_city_sees(peer: str, fields: list[str], sees: str) -> None:
    assert explain(peer, *(word for field in fields for word in ("--set", field)))["sees"] == sees


def test_explain_names_every_rule_and_what_won() -> None:
    result = run(*ASK, "taiyuan", "--set", "status=4")
    assert result.exit_code == 0
    assert "public-to-all" in result.output
    assert "a rule that withholds takes precedence" in result.output


def test_explain_takes_a_proof_and_a_body(tmp_path: Path) -> None:
    body = OperatorRegistration(name="某某公司", status=OperatorStatus.OPERATOR_STATUS_DEREGISTERED, phone="0731-1")
    header = Header(standard="operator.registration", version=1, city="changsha", audience=["all"])
    bodies = get("operator.registration").split(body.SerializeToString())
    shared, own = split_header(header, len(bodies))
    run = seal(shared, [own.SerializeToString()], [bodies], bytes(16 * len(bodies)), 0)
    view = cut(run)[0].masked({1}).run()
    proof, plain = tmp_path / "proof.json", tmp_path / "body.json"
    proof.write_text(format_proof(Proof(id="changsha-0", city="changsha", view=view)), "utf-8")
    plain.write_text(MessageToJson(body), "utf-8")
    for record in (proof, plain):
        assert explain("taiyuan", "--record", record)["sees"] == "withheld"
        assert explain("hefei", "--record", record)["facets"] == [1]


@pytest.mark.parametrize("fields", [["stotus=4"], ["name.x=4"], ["header.nothing=1"], ["flags=[1"], ["nothing"]])
def test_explain_refuses_fields_that_are_not_there(fields: list[str]) -> None:
    result = run(*ASK, "wuhan", *(word for field in fields for word in ("--set", field)))
    assert reason_of(result) is Reason.INVALID_ARGUMENT
    assert "does not parse" in str(result.exception)


@pytest.mark.parametrize("text", ["[1]", "{", '{"view": {}}', '{"view": 1}', '{"nome": "x"}'])
def test_explain_refuses_what_is_no_record(tmp_path: Path, text: str) -> None:
    path = tmp_path / "record.json"
    path.write_text(text, "utf-8")
    result = run(*ASK, "wuhan", "--record", path)
    assert reason_of(result) is Reason.INVALID_ARGUMENT
    assert "does not parse" in str(result.exception)


@pytest.mark.parametrize("command", ["check", "test", "matrix", "explain"])
def test_help_teaches_with_an_example(command: str) -> None:
    assert f"gongzhi policy {command} policies/" in run(command, "--help").output


def test_explain_names_effects_in_the_language_of_the_command() -> None:
    printed = invoke(gongzhi, "--lang", "zh", "policy", *ASK, "taiyuan").output
    assert {"共享", "不予共享"} <= set(printed.split())
    assert not {"share", "withhold"} & set(printed.split())
