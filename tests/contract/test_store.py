"""What every store must do: append once, commit whole groups or nothing, take up where it stood."""

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.storage.sqlite.log import OWN, AppendOutcome
from tests.kit.clock import NOW_MS
from tests.kit.effort import effort
from tests.kit.stores.backends import Backend
from tests.kit.stores.city import City
from tests.kit.stores.rows import CITY, append, check_whole, entry


def test_a_row_is_taken_once(city: City) -> None:
    assert append(city, entry("a"), entry("b")) == [
        (AppendOutcome.ACCEPTED, f"{CITY}-0"),
        (AppendOutcome.ACCEPTED, f"{CITY}-1"),
    ]
    assert append(city, entry("a")) == [(AppendOutcome.DUPLICATE, f"{CITY}-0")]
    city.reopen()
    assert append(city, entry("a"), entry("a")) == [(AppendOutcome.DUPLICATE, f"{CITY}-0")] * 2
    check_whole(city, 2)


def test_a_changed_row_supersedes_its_earlier_version(city: City) -> None:
    append(city, entry("a", "old"))
    assert append(city, entry("a", "new")) == [(AppendOutcome.SUPERSEDED, f"{CITY}-1")]
    (record,) = city.store.records(OWN, 1, 2)
    assert record.header.supersedes == f"{CITY}-0"
    assert [record.index for _, record in city.store.by_subject("uscc:a")] == [1]
    assert append(city, entry("a", "new")) == [(AppendOutcome.DUPLICATE, f"{CITY}-1")]
    check_whole(city, 2)


def test_versions_of_one_row_in_one_batch(city: City) -> None:
    outcomes = [placed.outcome for placed in append(city, entry("a", "1"), entry("a", "1"), entry("a", "2"))]
    assert outcomes == [AppendOutcome.ACCEPTED, AppendOutcome.DUPLICATE, AppendOutcome.SUPERSEDED]
    assert [record.index for _, record in city.store.by_subject("uscc:a")] == [1]
    check_whole(city, 2)


def test_a_batch_that_names_a_row_twice_adds_nothing_when_it_is_sent_again(city: City) -> None:
    """Also under a later moment: a file that was copied is as old as the copy."""
    append(city, entry("a", "1"), entry("b"), entry("a", "2"))
    for as_of_ms in (NOW_MS, NOW_MS + 5):
        again = append(city, *(entry(*row, as_of_ms) for row in (("a", "1"), ("b", "x"), ("a", "2"))))
        assert again == [
            (AppendOutcome.OUTDATED, f"{CITY}-2"),
            (AppendOutcome.DUPLICATE, f"{CITY}-1"),
            (AppendOutcome.DUPLICATE, f"{CITY}-2"),
        ]
    check_whole(city, 3)


def test_batches_that_name_a_row_twice_add_nothing_when_they_are_sent_again(city: City) -> None:
    for body in ("1", "2", "3"):
        append(city, entry("a", body))
    city.reopen()
    for body, outcome in (("1", AppendOutcome.OUTDATED), ("2", AppendOutcome.OUTDATED), ("3", AppendOutcome.DUPLICATE)):
        assert append(city, entry("a", body)) == [(outcome, f"{CITY}-2")]
    check_whole(city, 3)


def test_a_row_that_was_passed_over_adds_nothing_when_it_is_sent_again_alone(city: City) -> None:
    """The same export in batches with other borders: what stands is what its last row says."""
    export = [entry("a", "1"), entry("a", "2"), entry("a", "1")]
    append(city, entry("a", "1", NOW_MS - 1))
    append(city, *export)
    for each, outcome in zip(
        export, (AppendOutcome.DUPLICATE, AppendOutcome.OUTDATED, AppendOutcome.DUPLICATE), strict=True
    ):
        assert append(city, each) == [(outcome, f"{CITY}-0")]
    check_whole(city, 1)


def test_a_row_may_go_back_to_what_it_was_at_a_later_moment(city: City) -> None:
    append(city, entry("a", "1"), entry("a", "2"))
    assert append(city, entry("a", "1", NOW_MS + 1)) == [(AppendOutcome.SUPERSEDED, f"{CITY}-2")]
    assert append(city, entry("a", "3", NOW_MS + 2), entry("a", "1", NOW_MS + 1)) == [
        (AppendOutcome.SUPERSEDED, f"{CITY}-3"),
        (AppendOutcome.OUTDATED, f"{CITY}-3"),
    ]


def test_an_older_version_changes_nothing(city: City) -> None:
    append(city, entry("a", "new", NOW_MS))
    assert append(city, entry("a", "old", NOW_MS - 1)) == [(AppendOutcome.OUTDATED, f"{CITY}-0")]
    check_whole(city, 1)


def test_a_row_said_again_is_as_new_as_when_it_was_said_last(city: City) -> None:
    append(city, entry("a", "now", NOW_MS))
    assert append(city, entry("a", "now", NOW_MS + 9)) == [(AppendOutcome.DUPLICATE, f"{CITY}-0")]
    assert append(city, entry("a", "between", NOW_MS + 5)) == [(AppendOutcome.OUTDATED, f"{CITY}-0")]
    check_whole(city, 1)


def test_a_retracted_row_sent_again_is_a_new_record(city: City) -> None:
    append(city, entry("a"))
    city.retract(f"{CITY}-0")
    assert city.store.by_subject("uscc:a") == []
    assert city.store.retracted(0, 9) == {0}
    assert append(city, entry("a")) == [(AppendOutcome.ACCEPTED, f"{CITY}-2")]
    assert [record.index for _, record in city.store.by_subject("uscc:a")] == [2]
    check_whole(city, 3)


rows_of = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.integers(NOW_MS, NOW_MS + 2)), max_size=12
)


@given(st.lists(rows_of, max_size=5))
@effort(25)
def test_any_sequence_of_batches_is_as_the_model_says(
    tmp_path_factory: pytest.TempPathFactory, backend: Backend, batches: list[list[tuple[str, str, int]]]
) -> None:
    city = City(tmp_path_factory.mktemp("model"), CITY, backend=backend)
    held: dict[str, tuple[str, int, int]] = {}
    replaced: dict[str, set[tuple[str, int]]] = defaultdict(set)
    size = 0
    for batch in batches:
        placed = append(city, *(entry(*row) for row in batch))
        last = {key: (body, as_of_ms) for key, body, as_of_ms in batch}
        for (key, body, as_of_ms), (outcome, record) in zip(batch, placed, strict=True):
            now, at, index = held.get(key, ("", 0, 0))
            is_said_again = last[key][0] == now and last[key][1] >= as_of_ms
            if key in held and now == body:
                expected = AppendOutcome.DUPLICATE
                held[key] = (body, max(at, as_of_ms), index)
            elif key in held and (as_of_ms < at or (body, as_of_ms) in replaced[key] or is_said_again):
                expected = AppendOutcome.OUTDATED
                if as_of_ms >= at and (body, as_of_ms) not in replaced[key]:
                    replaced[key].add((body, as_of_ms))
                    held[key] = (now, as_of_ms, index)
            else:
                expected, index = AppendOutcome.SUPERSEDED if key in held else AppendOutcome.ACCEPTED, size
                replaced[key].add((now, at))
                held[key], size = (body, as_of_ms, size), size + 1
            assert (outcome, record) == (expected, f"{CITY}-{index}")
    for batch in batches[-1:] * 2:
        assert not {each.outcome for each in append(city, *(entry(*row) for row in batch))} - {
            AppendOutcome.DUPLICATE,
            AppendOutcome.OUTDATED,
        }
    city.reopen()
    check_whole(city, size)
    for key, (_, _, index) in held.items():
        assert [record.index for _, record in city.store.by_subject(f"uscc:{key}")] == [index]
    city.close()
