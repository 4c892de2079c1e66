"""A witness signs one history, whatever comes at the same moment."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from node.core.log.checkpoint import format_checkpoint, parse_checkpoint
from node.errors import NodeError, Reason
from tests.kit.simulator.towns import Country, Town
from tests.kit.simulator.witnessing import THREE, count_signatures


@pytest.fixture
def country(tmp_path: Path) -> Iterator[Country]:
    made = Country(tmp_path, THREE)
    made["wuhan"].grow(0, 300)
    yield made
    made.close()


def test_the_rollback_race(country: Country, monkeypatch: pytest.MonkeyPatch) -> None:
    """C2SP tlog-witness: a slower call for a smaller tree must not come after one for a larger."""
    changsha, wuhan = country["changsha"], country["wuhan"]
    changsha.pull("wuhan")
    sizes: list[int] = []
    stalled, go_on = threading.Event(), threading.Event()

    def stalling(town: Town) -> None:
        """Decides to cosign, and comes to it only when the other is done."""
        is_behind = town.witness._is_behind
        member = wuhan.member

        def slow(city: str) -> bool:
            found = is_behind(city)
            stalled.set()
            assert go_on.wait(20)
            return found

        monkeypatch.setattr(town.witness, "_is_behind", slow)
        made = town.witness.cosign(member)
        sizes.append(made.checkpoint.size if made else 0)

    wuhan.grow(5000)
    changsha.may_cosign = False
    changsha.open()
    changsha.pull("wuhan")
    changsha.may_cosign = True
    changsha.open()
    thread = threading.Thread(target=stalling, args=(changsha,))
    thread.start()
    assert stalled.wait(20)
    monkeypatch.undo()
    wuhan.grow(5001, 5)
    changsha.pull("wuhan")
    go_on.set()
    thread.join(20)
    assert sizes == [306], "what is signed is what is newest in the transaction, not what was when it was asked"
    assert changsha.store.checkpoints.signed("wuhan").size == 306


def test_a_smaller_tree_or_another_of_the_same_size_is_never_cosigned(country: Country) -> None:
    changsha = country["changsha"]
    changsha.pull("wuhan")
    signed = count_signatures(changsha)
    for alter in (
        "UPDATE witnessed SET size = 301",
        "UPDATE witnessed SET size = 300, root = zeroblob(32)",
    ):
        changsha.store.submit(lambda connection, alter=alter: connection.execute(alter)).result()  # type: ignore[misc]
        with pytest.raises(NodeError) as refused:
            changsha.store.checkpoints.cosign_newest(
                "wuhan", lambda note: changsha.witness._make(country["wuhan"].member, note)
            ).result()
        assert refused.value.reason is Reason.TREE_ROLLED_BACK
    assert not signed


def test_side_by_side_calls_sign_one_history(country: Country) -> None:
    """Many threads pull and cosign while the log grows; whatever was signed lies in one chain of sizes and roots."""
    changsha, wuhan = country["changsha"], country["wuhan"]
    signed = count_signatures(changsha)
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(15):
                changsha.pull("wuhan")
                changsha.witness.cosign(wuhan.member)
        except BaseException as error:  # noqa: BLE001 - shown by the assertion
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(40):
        wuhan.grow(6000 + number)
    for thread in threads:
        thread.join(60)
    assert not failures
    told = [message.split(b"\n")[3:5] for message in signed]
    sizes = [int(size) for size, _ in told]
    assert sizes == sorted(sizes)
    for size, (_, root) in zip(sizes, told, strict=True):
        tree = wuhan.store.tree(0, size).frontier.root()
        assert parse_checkpoint(format_checkpoint(wuhan.member.log_keys[0], size, tree, lambda _: b"")).root == tree
        assert root.decode() in format_checkpoint(wuhan.member.log_keys[0], size, tree, lambda _: b"").decode()


def test_no_signature_leaves_before_it_is_durable(country: Country, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash after signing and before the commit: nobody has seen the signature, and the next one may be another."""
    changsha = country["changsha"]

    class Crash(Exception):  # noqa: N818
        pass

    def crash(_: object) -> None:
        raise Crash

    signed = count_signatures(changsha)
    monkeypatch.setattr(changsha.store.log, "before_commit", crash)
    with pytest.raises(Crash):
        changsha.pull("wuhan")
    monkeypatch.undo()
    assert not country["wuhan"].store.checkpoints.cosigned("wuhan")
    changsha.sync.run_now("wuhan", lambda _: None)  # whatever its back-off after the crash
    assert changsha.store.checkpoints.signed("wuhan").size == 300
    assert len(signed) >= 1
