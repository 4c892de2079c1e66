"""Every commit is whole: of appends that share one, of those that fail, and who may see what."""

import threading
from collections.abc import Sequence

import pytest

from node.core.log.checkpoint import parse_checkpoint
from node.errors import NodeError, Reason
from node.storage.sqlite.log import OWN, AppendOutcome, AppendResult, Entry
from tests.kit.stores.city import City, operator
from tests.kit.stores.held_writer import HeldWriter
from tests.kit.stores.rows import CITY, append, check_whole, entry


def test_appends_that_wait_share_one_signed_commit(city: City) -> None:
    notes = set()
    held = HeldWriter(city)
    futures = [city.store.append([entry(str(number))]) for number in range(20)]
    for future in futures:
        future.add_done_callback(lambda _: notes.add(city.store.log.note))
    assert not any(future.done() for future in futures)
    held.release()
    assert [future.result(20)[0].id for future in futures] == [f"{CITY}-{number}" for number in range(20)]
    assert [parse_checkpoint(note).size for note in notes] == [20]
    check_whole(city, 20)


def _fail(_: Sequence[AppendResult], __: Sequence[Entry], ___: object) -> Sequence[Entry]:
    raise NodeError(Reason.INVALID_POLICY, "the job fails after its rows were written")


def test_a_failing_job_harms_no_other_of_its_group(city: City) -> None:
    held = HeldWriter(city)
    before = city.store.append([entry("a")])
    failing = city.store.append([entry("b")], _fail)
    after = city.store.append([entry("c")])
    held.release()
    assert before.result(20) == [(AppendOutcome.ACCEPTED, f"{CITY}-0")]
    with pytest.raises(NodeError, match="the job fails"):
        failing.result(20)
    assert after.result(20) == [(AppendOutcome.ACCEPTED, f"{CITY}-1")]
    check_whole(city, 2)
    assert append(city, entry("b")) == [(AppendOutcome.ACCEPTED, f"{CITY}-2")]
    city.reopen()
    check_whole(city, 3)


def test_a_failing_job_alone_leaves_the_log_as_it_was(city: City) -> None:
    append(city, entry("a"))
    note = city.store.log.note
    with pytest.raises(NodeError, match="the job fails"):
        city.store.append([entry("b")], _fail).result(20)
    assert city.store.log.note == note
    city.reopen()
    check_whole(city, 1)


def test_a_closed_store_refuses(city: City) -> None:
    city.close()
    with pytest.raises(NodeError) as caught:
        city.store.append([entry("a")]).result(20)
    assert caught.value.reason is Reason.UNAVAILABLE


def test_what_is_queued_is_finished_before_closing(city: City) -> None:
    held = HeldWriter(city)
    futures = [city.store.append([entry(str(number))]) for number in range(50)]
    closing = threading.Thread(target=city.close)
    closing.start()
    held.release()
    closing.join(20)
    assert all(future.result(20)[0].outcome is AppendOutcome.ACCEPTED for future in futures)
    city.reopen()
    check_whole(city, 50)


def test_a_record_is_found_under_each_of_its_subjects(city: City) -> None:
    city.register(operator(legacy_number="430100000012345"))
    for subject in ("uscc:914300007121944054", "reg:430100000012345"):
        assert [record.index for _, record in city.store.by_subject(subject)] == [0], subject
    assert city.store.by_subject("uscc:91430100MA00TEXT01") == []


def test_a_reader_sees_only_what_was_committed(city: City) -> None:
    append(city, entry("a"))
    held = HeldWriter(city)
    future = city.store.append([entry("b")])
    assert len(city.store.records(OWN, 0, 9)) == 1
    held.release()
    future.result(20)
    assert len(city.store.records(OWN, 0, 9)) == 2
