"""What a member makes long costs others in proportion: counted in statements, which no busy machine changes."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from node.storage.sqlite.reader import Reader
from tests.kit.simulator.origin import Origin, policy_text, registration


@contextmanager
def counting(reader: Reader) -> Iterator[list[int]]:
    """Counts the statements that a reader runs in this thread."""
    count = [0]

    def note(_: str) -> None:
        count[0] += 1

    reader.connection.set_trace_callback(note)
    yield count
    reader.connection.set_trace_callback(None)


def handed_in(folder: Path, versions: int) -> Origin:
    """One row, handed in again and again."""
    origin = Origin(folder / f"{versions}.db")
    origin.take_in(*(registration(1, name=f"第{number}次") for number in range(versions)))
    return origin


def _pulled(origin: Origin) -> int:
    with counting(origin.store) as count:
        assert list(origin.pull("changsha", 0, 0))
    return count[0]


def _revised(origin: Origin) -> int:
    held = origin.policy.grant("changsha", "verification").digest
    origin.enforce(policy_text(origin.city, "public"))
    with counting(origin.store) as count:
        assert list(origin.revise("changsha", 0, origin.size, held))
    return count[0]


@pytest.mark.parametrize("share", [_pulled, _revised])
def test_a_row_of_many_versions_is_shared_in_proportion(tmp_path: Path, share: object) -> None:
    few, many = handed_in(tmp_path, 150), handed_in(tmp_path, 600)
    assert callable(share)
    assert share(many) < 5 * share(few)
    for origin in (few, many):
        origin.close()
