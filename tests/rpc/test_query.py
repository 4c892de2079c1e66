"""The query process as its callers meet it: commands and stubs over mTLS, a real store behind."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from node.cli.operator import operator as operator_command
from node.cli.proof import audit, check_proof, prove
from node.cli.records import records
from node.core.law.calendar import vendored_calendar
from node.core.log.checkpoint import format_vkey
from node.core.log.proof import verify_proof
from node.core.log.run import record_of
from node.core.members.clients import Kind
from node.errors import NodeError, Reason
from node.stubs.query.v1 import query_pb2 as query
from node.usecases.upkeep.remove_member import remove_member
from tests.kit.nodes.processes import refused
from tests.kit.nodes.query_world import USCC, World
from tests.kit.stores.city import operator

REASON = query.Reason(purpose="verification", legal_basis="政务数据共享条例 第二十条")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def test_verify_says_by_its_exit_code_what_it_found(world: World) -> None:
    asked = world.run(operator_command, "verify", USCC, "--name", "湖南岳麓山建设集团有限公司")
    assert asked.exit_code == 0, asked.output
    assert "changsha-0" in asked.output
    assert world.run(operator_command, "verify", USCC, "--name", "别的").exit_code == 1
    assert world.run(operator_command, "verify", "91430100MA00TEXT01").exit_code == 4
    world.own.register(operator("91430000184255293D"))
    assert world.run(operator_command, "verify", "91430000184255293D").exit_code == 5
    answer = world.json(operator_command, "verify", USCC, "--status", "注销")
    assert (answer["result"], answer["mismatches"]) == ("mismatch", ["status"])
    assert world.run(operator_command, "verify").exit_code == 2


def test_a_code_that_can_be_nobodys_is_refused_with_its_reason(world: World) -> None:
    for asked in (
        ("verify", "9.143E+17"),
        ("verify", USCC[:-1] + "5"),
        ("show", USCC[:-1] + "5"),
        ("show", "uscc:bad"),
    ):
        result = world.run(operator_command, *asked)
        assert isinstance(result.exception, NodeError), asked
        assert result.exception.reason is Reason.INVALID_ARGUMENT
        assert any(why in str(result.exception) for why in ("number_mangled", "uscc_check_digit", "uscc_length"))


def test_show_search_list(world: World) -> None:
    shown = world.run(operator_command, "show", "91430000184255293D")
    assert shown.exit_code == 0, shown.output
    assert "湖南省宏邦建设工程有限公司" in shown.output
    assert world.run(operator_command, "show", "91430100MA00TEXT01").exit_code == 4
    deadline = time.monotonic() + 10
    while not (found := world.json(operator_command, "search", "宏邦"))["records"]:
        assert time.monotonic() < deadline
    assert [each["id"] for each in found["records"]] == [world.peer_id]
    assert world.run(operator_command, "search", "没有这个").exit_code == 4
    listed = world.json(records, "list", "--city", "wuhan")
    assert [each["id"] for each in listed["records"]] == [world.peer_id]
    assert world.run(records, "show", world.own_id).exit_code == 0


def test_a_proof_convinces_with_the_key_alone(world: World) -> None:
    file = world.folder / "proof.json"
    for record, city in ((world.own_id, world.own), (world.peer_id, world.peer)):
        assert world.run(prove, record, "--out", str(file)).exit_code == 0
        checked = world.run(check_proof, str(file), "--key", format_vkey(city.key))
        assert checked.exit_code == 0, checked.output
        assert record in checked.output
        assert world.run(check_proof, str(file), "--federation", str(world.config.federation)).exit_code == 0
    stranger = world.run(check_proof, str(file), "--key", format_vkey(world.own.key), "--json")
    assert stranger.exit_code == 1
    assert json.loads(stranger.output) == {"proven": False, "reason": "unknown_log_key"}
    asked = world.run(operator_command, "verify", USCC, "--proof", str(world.folder / "other.json"))
    assert (world.folder / "other.json").stat().st_mode & 0o777 == 0o600
    assert asked.exit_code == 0
    assert world.run(
        check_proof, str(world.folder / "other.json"), "--federation", str(world.config.federation)
    ).exit_code == 0  # fmt: skip


def test_audit(world: World) -> None:
    found = world.run(audit)
    assert found.exit_code == 0, found.output
    assert "wuhan" in found.output
    world.own.store.submit(
        lambda connection: connection.execute("UPDATE run SET content = zeroblob(3) WHERE content IS NOT NULL")
    ).result()
    broken = world.run(audit)
    assert broken.exit_code == 1
    assert world.own_id in broken.output


def test_roster(world: World) -> None:
    file = world.folder / "roster.csv"
    rows = [f"{USCC},湖南岳麓山建设集团有限公司"] * 700 + ["91430000184255293d,别的", "91430100MA00TEXT01,x", ",x"]
    file.write_text("统一社会信用代码,企业名称\n" + "\n".join(rows) + "\n", encoding="utf-8-sig")
    asked = world.run(operator_command, "verify", "--roster", str(file))
    assert asked.exit_code == 1
    lines = asked.stdout.splitlines()
    assert len(lines) == 704, asked.stdout[-3000:]
    assert lines[1].startswith(f"{USCC},match,")
    assert [line.split(",")[1] for line in lines[-3:]] == ["mismatch", "not_found", "doubtful"]
    assert lines[-1].split(",")[-3:] == ["key_missing", lines[-1].split(",")[-2], "704"]
    assert "match 700" in asked.stderr
    kind, rpc, _, questions, subject, cities, result = world.usage(1)[0]
    assert (kind, rpc, questions, len(subject), cities) == ("officer", "VerifyRoster", 500, 4000, "changsha")
    assert result == "match=500"


def test_a_roster_without_codes_is_an_error_with_its_line(world: World) -> None:
    file = world.folder / "roster.csv"
    file.write_text("name\nx\n")
    asked = world.run(operator_command, "verify", "--roster", str(file))
    assert isinstance(asked.exception, NodeError)
    assert "roster.csv:1" in str(asked.exception)


def test_a_platform_gets_answers_and_public_facets_only(world: World) -> None:
    with world.asking(Kind.PLATFORM) as stub:
        question = query.Question(uscc=USCC, name="湖南岳麓山建设集团有限公司", legal_representative="别人")
        response = stub.Verify(query.VerifyRequest(reason=REASON, question=question, with_proof=True))
        assert (response.answer.result, list(response.answer.unseen)) == (query.RESULT_MATCH, ["legal_representative"])
        assert record_of(response.proof.view, response.proof.leaf_index).disclosed == {1}
        verify_proof(response.proof, [world.own.key])
        for call, request in (
            (stub.Show, query.ShowRequest(reason=REASON, subject=f"uscc:{USCC}")),
            (stub.Search, query.SearchRequest(reason=REASON, text="湖南")),
            (stub.ListRecords, query.ListRecordsRequest(reason=REASON, city="changsha")),
            (stub.Prove, query.ProveRequest(reason=REASON, id=world.own_id)),
        ):
            assert _refusal(call, request) is Reason.PERMISSION_DENIED
    rows = world.usage(5)
    assert [row[1] for row in rows] == ["Verify", "Show", "Search", "ListRecords", "Prove"]
    assert [row[-1] for row in rows][1:] == ["permission_denied"] * 4


def test_every_question_says_why_and_is_recorded_also_when_refused(world: World) -> None:
    with world.asking(Kind.OFFICER) as stub:
        question = query.Question(uscc=USCC)
        for reason in (query.Reason(), query.Reason(purpose="verification"), query.Reason(legal_basis="b")):
            request = query.VerifyRequest(reason=reason, question=question)
            assert _refusal(stub.Verify, request) is Reason.PURPOSE_REQUIRED
        other = query.Reason(purpose="statistics", legal_basis="b")
        for call, denied in (
            (stub.Verify, query.VerifyRequest(reason=other, question=query.Question(uscc="91430000184255293D"))),
            (stub.Show, query.ShowRequest(reason=other, subject="uscc:91430000184255293D")),
            (stub.ListRecords, query.ListRecordsRequest(reason=other, city="wuhan")),
            (stub.Prove, query.ProveRequest(reason=other, id=world.peer_id)),
        ):
            assert _refusal(call, denied) is Reason.POLICY_DENIED
        stub.Verify(query.VerifyRequest(reason=REASON, question=question))
    rows = world.usage(8)
    assert [row[-1] for row in rows] == ["purpose_required"] * 3 + ["policy_denied"] * 4 + ["match"]
    assert rows[-1] == ("officer", "Verify", "verification", 1, f"uscc:{USCC}", "changsha", "match")


def test_what_was_provable_stays_so_while_a_log_is_caught_up_with(world: World) -> None:
    more = [world.peer.entry(operator("", legacy_number=f"{number:015}")) for number in range(600)]
    newer = world.peer.append(more)[0]
    world.own.pull(world.peer, batches=1)
    with world.asking(Kind.OFFICER) as stub:
        assert _refusal(stub.Prove, query.ProveRequest(reason=REASON, id=newer)) is Reason.UNAVAILABLE
        question = query.Question(uscc="91430000184255293D")
        response = stub.Verify(query.VerifyRequest(reason=REASON, question=question, with_proof=True))
        assert response.answer.result == query.RESULT_MATCH
        verify_proof(response.proof, [world.peer.key])
        world.own.pull(world.peer)
        verify_proof(stub.Prove(query.ProveRequest(reason=REASON, id=newer)).proof, [world.peer.key])


def _refusal(call: Any, request: Any) -> Reason:
    return refused(lambda: call(request, timeout=10)).reason


def test_what_a_former_member_said_is_marked(tmp_path: Path) -> None:
    made = World(tmp_path)
    try:
        code = "91430000184255293D"
        assert "former" not in made.run(operator_command, "show", code).stdout
        remove_member(made.config, vendored_calendar(), "wuhan")
        time.sleep(1.1)  # the node looks at its federation file once a second
        answer = made.json(operator_command, "verify", code)
        assert (answer["result"], answer["city"], answer["former_member"]) == ("match", "wuhan", True)
        for command in (("show", code), ("search", "宏邦"), ("verify", code)):
            assert "former member" in made.run(operator_command, *command).stdout, command
        assert not made.json(operator_command, "verify", USCC)["former_member"]
    finally:
        made.close()
