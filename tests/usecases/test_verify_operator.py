"""Questions about operators, answered from real stores."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from node.core.log.subjects import index_key, subject_digest
from node.core.standards.kinds import Kind
from node.errors import NodeError, Reason
from node.storage.sqlite.reader import Reader
from node.stubs.query.v1 import query_pb2 as query
from node.usecases.records.verify_operator import Asker, VerifyOperator
from tests.kit.clock import HOUR_MS, NOW_MS, SetClock
from tests.kit.samples.standards import RESIDENT_ID
from tests.kit.stores.city import PURPOSE, City, only, operator

USCC = "914300007121944054"
OFFICER = Asker(PURPOSE, is_officer=True)
PLATFORM = Asker(PURPOSE, is_officer=False)


class World:
    """Changsha asks; Wuhan and Hefei are its peers."""

    def __init__(self, folder: Path) -> None:
        self.changsha, self.wuhan, self.hefei = (City(folder, name) for name in ("changsha", "wuhan", "hefei"))
        self.clock = SetClock()
        self.reader = Reader(self.changsha.path)

    def ask(self, asker: Asker = OFFICER, uscc: str = USCC, **fields: str) -> query.Answer:
        """Asks alone and in a roster, which must say the same."""
        verifier = VerifyOperator(self.reader, self.clock, 24 * HOUR_MS)
        question = query.Question(uscc=uscc, **fields)
        answer = verifier.verify(question, asker).answer
        assert verifier.verify_all([question, query.Question(uscc="x"), question], asker)[::2] == [answer, answer]
        return answer

    def close(self) -> None:
        for city in (self.changsha, self.wuhan, self.hefei):
            city.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def test_own_record_matches(world: World) -> None:
    record = world.changsha.register(operator())
    answer = world.ask(
        name="湖南岳麓山建设集团有限公司",
        address="湖南省长沙市岳麓区金牛路８８号",
        status="存续",
        established_on="1978年10月27日",
    )
    assert (answer.result, answer.record_id, answer.city) == (query.RESULT_MATCH, record, "changsha")
    assert answer.as_of_ms == NOW_MS
    assert not answer.unseen


def test_lower_case_and_full_width_codes_find_it(world: World) -> None:
    world.changsha.register(operator("91430000184255293D"))
    assert world.ask(uscc="９143 0000184255293d").result == query.RESULT_MATCH


def test_every_field_that_differs_is_named(world: World) -> None:
    world.changsha.register(operator())
    answer = world.ask(
        name="别的公司", address="武汉市1号", legal_representative="张三", entity_type="个体", status="注销",
        established_on="1979-01-01",
    )  # fmt: skip
    assert answer.result == query.RESULT_MISMATCH
    assert list(answer.mismatches) == [
        "name", "address", "legal_representative", "entity_type", "status", "established_on",
    ]  # fmt: skip


def test_unknown_is_not_found(world: World) -> None:
    assert world.ask().result == query.RESULT_NOT_FOUND


def test_legacy_number(world: World) -> None:
    world.changsha.register(operator("", legacy_number="430100000012345"))
    assert world.ask(uscc="430100000012345").result == query.RESULT_MATCH


def test_replica_answers(world: World) -> None:
    record = world.wuhan.register(operator())
    world.changsha.pull(world.wuhan)
    answer = world.ask(name="湖南岳麓山建设集团有限公司")
    assert (answer.result, answer.record_id, answer.city) == (query.RESULT_MATCH, record, "wuhan")


def test_masked_facet_is_unseen_and_no_mismatch(world: World) -> None:
    world.wuhan.register(operator())
    world.changsha.pull(world.wuhan, only(1))
    answer = world.ask(legal_representative="别人", name="湖南岳麓山建设集团有限公司")
    assert (answer.result, list(answer.unseen)) == (query.RESULT_MATCH, ["legal_representative"])


def test_a_platform_learns_nothing_of_facets_that_are_not_public(world: World) -> None:
    world.changsha.register(operator())
    for name in ("吴建国", "别人"):
        answer = world.ask(PLATFORM, legal_representative=name)
        assert (answer.result, list(answer.unseen)) == (query.RESULT_MATCH, ["legal_representative"])


def test_what_the_source_hid_can_only_contradict(world: World) -> None:
    world.changsha.register(operator(legal_representative="吴**"))
    assert list(world.ask(legal_representative="吴建国").unseen) == ["legal_representative"]
    assert list(world.ask(legal_representative="张三").mismatches) == ["legal_representative"]


def test_moved_out_gives_way(world: World) -> None:
    world.changsha.register(operator(status=6), as_of_ms=NOW_MS + 1)
    record = world.wuhan.register(operator())
    world.changsha.pull(world.wuhan)
    assert world.ask().record_id == record


def test_expired_gives_way_and_answers_alone(world: World) -> None:
    old = world.changsha.register(operator(), valid_until_ms=NOW_MS)
    assert world.ask().record_id == old
    record = world.wuhan.register(operator())
    world.changsha.pull(world.wuhan)
    assert world.ask().record_id == record


def test_two_live_records_are_ambiguous(world: World) -> None:
    world.changsha.register(operator())
    world.wuhan.register(operator())
    world.changsha.pull(world.wuhan)
    answer = world.ask()
    assert (answer.result, answer.city) == (query.RESULT_AMBIGUOUS, "")


def test_an_officer_is_told_which_cities_contend(world: World) -> None:
    """A member that lists the operators of others makes them ambiguous, but not unseen."""
    for city in (world.changsha, world.wuhan, world.hefei):
        city.register(operator())
    for city in (world.wuhan, world.hefei):
        world.changsha.pull(city)
    assert list(world.ask().cities) == ["changsha", "hefei", "wuhan"]
    assert not world.ask(PLATFORM).cities


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("91430100MA00TEXT02", "uscc_check_digit"),
        ("9143O100MA00TEXT01", "uscc_character"),
        ("4" * 51, "uscc_length"),
        ("9.143E+17", "number_mangled"),
        ("91430100MA00TEXT0", "uscc_length"),
        (RESIDENT_ID, "id_number_as_code"),
        ("91430100MA00TEXT01;91420100MA00TEXT0W", "several_codes"),
        ("", "key_missing"),
        ("9" * 10_000, "key_too_long"),
    ],
)
def test_a_code_that_can_be_nobodys_is_an_error_that_names_the_field(world: World, code: str, why: str) -> None:
    verifier = VerifyOperator(world.reader, world.clock, 1)
    question = query.Question(uscc=code)
    with pytest.raises(NodeError, match=rf"uscc: .*{why}") as caught:
        verifier.verify(question, OFFICER)
    assert caught.value.reason is Reason.INVALID_ARGUMENT
    (answer,) = verifier.verify_all([question], OFFICER)
    assert (answer.result, answer.reason) == (query.RESULT_DOUBTFUL, why)


def test_the_newest_of_one_city_answers(world: World) -> None:
    entry = world.changsha.entry(operator(), as_of_ms=NOW_MS + 5)
    other = world.changsha.entry(operator(name="旧"))._replace(key=b"1" * 16)
    newest, _ = world.changsha.append([entry, other])
    assert world.ask().record_id == newest


def test_corrected_record_answers_alone(world: World) -> None:
    world.wuhan.register(operator(name="旧"))
    record = world.wuhan.register(operator(), as_of_ms=NOW_MS + 1)
    world.changsha.pull(world.wuhan)
    answer = world.ask(name="湖南岳麓山建设集团有限公司")
    assert (answer.result, answer.record_id) == (query.RESULT_MATCH, record)


def test_retracted_is_not_found(world: World) -> None:
    own, other = world.changsha.register(operator()), world.wuhan.register(operator())
    world.changsha.pull(world.wuhan)
    world.changsha.retract(own)
    world.wuhan.retract(other)
    world.changsha.pull(world.wuhan)
    assert world.ask().result == query.RESULT_NOT_FOUND


def test_stale_replica_says_so(world: World) -> None:
    world.wuhan.register(operator())
    world.changsha.pull(world.wuhan)
    world.clock.at_ms += 24 * HOUR_MS
    assert world.ask(name="别的").result == query.RESULT_MISMATCH
    world.clock.at_ms += 1
    answer = world.ask(name="别的")
    assert (answer.result, answer.city, answer.as_of_ms) == (query.RESULT_STALE, "wuhan", NOW_MS)
    assert answer.confirmed_at_ms == NOW_MS


def test_own_record_is_never_stale(world: World) -> None:
    world.changsha.register(operator())
    world.clock.at_ms += 1000 * HOUR_MS
    assert world.ask().result == query.RESULT_MATCH


def test_a_replica_serves_only_the_purpose_it_was_obtained_for(world: World) -> None:
    world.wuhan.register(operator())
    world.changsha.pull(world.wuhan, purpose="statistics")
    verifier = VerifyOperator(world.reader, world.clock, HOUR_MS)
    with pytest.raises(NodeError) as caught:
        verifier.verify(query.Question(uscc=USCC), OFFICER)
    assert caught.value.reason is Reason.POLICY_DENIED
    answers = verifier.verify_all([query.Question(uscc=USCC), query.Question()], OFFICER)
    assert [answer.result for answer in answers] == [query.RESULT_UNANSWERED, query.RESULT_DOUBTFUL]
    assert [answer.reason for answer in answers] == ["policy_denied", "key_missing"]
    assert [answer.city for answer in answers] == ["wuhan", ""]
    world.changsha.register(operator())
    assert world.ask().city == "changsha"


def test_other_standards_do_not_answer(world: World) -> None:
    world.changsha.append([world.changsha.entry(operator(), standard="listing.serious")])
    assert world.ask().result == query.RESULT_NOT_FOUND


def test_digest_collision_does_not_answer(world: World) -> None:
    """A record indexed under a digest it does not own: the header's subject decides."""
    world.changsha.register(operator("91430000184255293D"))
    world.changsha.store.submit(
        lambda connection: connection.execute(
            "UPDATE subject_fresh SET digest = ?", (index_key(subject_digest(f"uscc:{USCC}"), Kind.REGISTRATION),)
        )
    ).result()
    assert world.ask().result == query.RESULT_NOT_FOUND


def test_a_question_names_a_code(world: World) -> None:
    with pytest.raises(NodeError) as caught:
        world.ask(uscc=" ")
    assert caught.value.reason is Reason.INVALID_ARGUMENT


def test_a_batch_is_bounded(world: World) -> None:
    with pytest.raises(NodeError) as caught:
        VerifyOperator(world.reader, world.clock, 1).verify_all([query.Question(uscc="1")] * 1001, OFFICER)
    assert caught.value.reason is Reason.TOO_LARGE
