"""Pools of threads: whatever waits, who comes after is served as long as there are threads to begin."""

from collections.abc import Iterator
from threading import Event

import pytest

from node.rpc.threads import AT_ONCE, Crew, Threads

ANSWER_S = 10


@pytest.fixture
def never() -> Iterator[Event]:
    """What calls of silent callers wait for; let go at the end."""
    event = Event()
    yield event
    event.set()


def test_a_call_is_served_where_a_thread_was_counted_as_idle_that_is_not(never: Event) -> None:
    pool = Threads(3, "test")
    pool.submit(never.wait)
    # What is left where a thread that goes idle takes a call before it has said so.
    pool._idle_semaphore.release()
    assert pool.submit(int).result(ANSWER_S) == 0


def test_the_crew_makes_up_for_calls_that_wait_again_and_again(never: Event) -> None:
    crew = Crew("test")
    for waiting in range(1, 30):
        crew.submit(never.wait)
        crew._idle_semaphore.release()
        crew.make_up_for(waiting)
        assert [crew.submit(int).result(ANSWER_S) for _ in range(AT_ONCE)] == [0] * AT_ONCE
