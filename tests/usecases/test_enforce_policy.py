"""A change of the policy file takes effect while the node works, and never in the writer's way."""

from concurrent.futures import TimeoutError as Late
from pathlib import Path

import pytest

from node.bootstrap.policy_file import load_policy
from node.core.policy.policy import Policy
from node.errors import FileError, NodeError, Reason
from node.storage.sqlite.store import Store
from node.stubs.intake.v1 import intake_pb2 as intake
from node.usecases.exchange.enforce_policy import PolicyInForce, read_policy
from node.usecases.records.ingest import Ingest
from node.usecases.records.retract import Retractions
from tests.kit.clock import SetClock
from tests.kit.keys import KeySigner
from tests.kit.simulator.origin import policy_text, registration
from tests.kit.stores.city import PURPOSE


def _submit(ingest: Ingest, status: int) -> None:
    row = intake.Row(key="1", body=registration(1, status=status).SerializeToString())
    pending = ingest.begin(
        intake.SubmitRequest(
            standard="operator.registration", version=1, source="s", purpose=PURPOSE, legal_basis="b",
            audience=["all"], rows=[row],
        )
    )  # fmt: skip
    assert pending.placed is not None
    try:
        pending.placed.result(timeout=10)
    except Late:
        pytest.fail("the writer waits for itself")


def test_a_correction_right_after_a_change_of_the_file(tmp_path: Path) -> None:
    """The writer asks the policy while it appends a correction; it must not wait for a change to be written."""
    newest: tuple[str, Policy]

    def say(text: str) -> None:
        nonlocal newest
        newest = (text, read_policy(text, "policy"))

    say(policy_text("wuhan", "public"))
    clock = SetClock()
    store = Store(tmp_path / "wuhan.db", "wuhan", KeySigner(), clock)
    policy = PolicyInForce(store, lambda: newest, lambda: ["changsha"], clock)
    ingest = Ingest(store, clock, Retractions(policy.in_force, lambda: ["changsha"], clock))
    _submit(ingest, status=1)
    say(policy_text("wuhan", "public", "regulator"))
    _submit(ingest, status=4)
    assert store.origin("wuhan").size == 2
    policy.current()
    assert store.origin("wuhan").size == 3, "the change is a record of its own"
    store.close()


def test_the_rules_of_another_city_are_not_put_in_force(tmp_path: Path) -> None:
    """The likeliest mistake: a neighbour's file copied over one's own."""
    file = tmp_path / "policy.yaml"
    file.write_text(policy_text("wuhan", "public"), "utf-8")
    assert load_policy("wuhan", file).policy.city == "wuhan"
    with pytest.raises(FileError) as refused:
        load_policy("changsha", file)
    assert refused.value.reason is Reason.INVALID_POLICY


def test_rules_changed_while_the_log_is_held_back_are_in_force_and_said_once_it_may(tmp_path: Path) -> None:
    """A node that may publish nothing starts all the same, and withholds what the new file withholds."""
    texts = policy_text("wuhan", "public"), policy_text("wuhan")
    store = Store(tmp_path / "wuhan.db", "wuhan", KeySigner(), clock := SetClock())

    def enforce(text: str) -> PolicyInForce:
        return PolicyInForce(store, lambda: (text, read_policy(text, "policy")), lambda: ["changsha"], clock)

    before = enforce(texts[0]).grant("changsha", PURPOSE)
    store.log.held_back = NodeError(Reason.RESTORED, "x")
    assert enforce(texts[1]).grant("changsha", PURPOSE) != before
    assert store.origin("wuhan").size == 0
    store.log.held_back = None
    enforce(texts[1])
    assert store.origin("wuhan").size == 1
    store.close()


def test_a_change_is_announced_at_once_and_one_made_before_the_start_too(tmp_path: Path) -> None:
    """A peer that keeps what it may see no longer does not wait for its schedule."""
    store, announced = Store(tmp_path / "wuhan.db", "wuhan", KeySigner(), clock := SetClock()), []
    newest = policy_text("wuhan", "public", "regulator")

    def started() -> PolicyInForce:
        return PolicyInForce(store, lambda: (newest, read_policy(newest, "policy")), lambda: ["changsha"], clock)

    policy = started()
    policy.announce_changes(lambda: announced.append(store.origin("wuhan").size))
    policy.current()
    assert announced == [], "nothing was changed"
    newest = policy_text("wuhan", "public")
    policy.current()
    policy.current()
    assert announced == [1], "once, when the change is durable"
    newest = policy_text("wuhan")
    policy = started()
    assert announced == [1], "nobody can answer yet"
    policy.announce_changes(lambda: announced.append(store.origin("wuhan").size))
    assert announced == [1, 2]
    store.close()
