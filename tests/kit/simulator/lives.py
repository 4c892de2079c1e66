"""Short lives of real processes: each opens a real store, works, says what is durable, and is killed at some moment."""

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import Any

from node.core.log.record import FORMAT
from node.storage.sqlite.reader import Reader
from node.stubs.exchange.v1.exchange_pb2 import PullRequest, ReviseRequest
from node.usecases.exchange import pull as pulling
from node.usecases.exchange.enforce_policy import read_policy
from node.usecases.exchange.share import revise, share
from tests.kit.keys import FixedSigner
from tests.kit.simulator.origin import BASIS, DEREGISTERED, Origin, member, policy_text, registration
from tests.kit.simulator.receiver import Receiver, views
from tests.kit.simulator.telling import heard, records_of
from tests.kit.stores.city import PURPOSE

# Starts children from a clean, single-threaded process that has everything imported: a life begins in milliseconds.
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload([__name__])
ROWS = 40
POLICIES = (policy_text("wuhan", "public", "regulator", "personal"), policy_text("wuhan", "public"))
HIDES = policy_text("wuhan", "public", hides=f"int(body.status) == {DEREGISTERED}")


Life = Callable[..., None]


class EndedError(Exception):
    """A life that ended by itself before it was to be killed."""


def live(life: Life, *arguments: Any, acks: int, delay_s: float) -> list[Any]:
    """Runs a life, kills it (SIGKILL) a moment after so many acknowledgements, and returns all it acknowledged."""
    ours, theirs = _CONTEXT.Pipe(duplex=False)
    process = _CONTEXT.Process(target=life, args=(theirs, *arguments))
    process.start()
    theirs.close()
    heard: list[Any] = []
    with ours, suppress(EOFError):
        while len(heard) < acks:
            heard.append(ours.recv())
        process.join(delay_s)
        process.kill()
        while True:
            heard.append(ours.recv())
    process.kill()
    process.join()
    if process.exitcode not in {0, -9}:
        raise EndedError(f"exit code {process.exitcode} after {len(heard)} acknowledgements")
    process.close()
    return heard


def moments(seed: int, count: int, acks: int, delay_s: float) -> Iterator[tuple[int, float]]:
    """When each of `count` lives is killed: after so many acknowledgements, and then so many seconds."""
    random = Random(seed)
    return ((random.randint(0, acks), random.random() * delay_s) for _ in range(count))


def take_in(acks: Connection, path: Path, number: int) -> None:
    """Takes in batch after batch from `number` on; every third corrects the one before, in part to what is hidden."""
    origin = Origin(path, signer=FixedSigner(), policy=HIDES)
    while True:
        own = origin.store.origin("wuhan")
        ids = origin.take_in(*batch(number))
        after = origin.store.origin("wuhan")
        assert after.size >= own.size
        acks.send((number, ids, after.size, after.root))
        number += 1


def batch(number: int) -> list[Any]:
    """The rows of a batch; the same number gives the same rows."""
    corrects = number % 3 == 2
    first = (number - corrects) * ROWS
    return [
        registration(row, name=f"第{number}批{row}号", status=DEREGISTERED if corrects and row % 4 == 0 else 1)
        for row in range(first, first + ROWS)
    ]


def pull(acks: Connection, path: Path, origin_path: Path) -> None:
    """Pulls, and revises under two policies in turn, until killed."""
    pulling.COMMIT_RECORDS = ROWS
    receiver = Receiver(path)
    peer = AlternatingPeer(Reader(origin_path))
    receiver.members["wuhan"], receiver.peers["wuhan"] = member("wuhan", FixedSigner()), peer
    while True:
        found = receiver.store.find_origin("wuhan")
        peer.turn(found.wanted_grant if found else "", is_whole=found is not None and not found.to_revise)
        progress = receiver.pull("wuhan")
        acks.send(progress.tree_size)


class AlternatingPeer:
    """Shares a stored log under one of two policies."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._grants = [read_policy(text, "policy").grant("changsha", PURPOSE) for text in POLICIES]
        self._grant = self._grants[0]

    def turn(self, held: str, *, is_whole: bool) -> None:
        """The other policy, once all stands under this one."""
        held_now = [grant for grant in self._grants if grant.digest == held]
        others = [grant for grant in self._grants if grant.digest != held]
        self._grant = others[0] if is_whole or not held_now else held_now[0]

    def pull(self, from_size: int, known_size: int) -> Iterator[bytes]:
        request = PullRequest(
            from_size=from_size, known_size=known_size, purpose=PURPOSE, legal_basis=BASIS, format=FORMAT
        )
        return share(self._reader, "wuhan", self._grant, request)

    def revise(self, from_index: int, upto_size: int, held_grant: str) -> Iterator[bytes]:
        request = ReviseRequest(from_index=from_index, upto_size=upto_size, purpose=PURPOSE, legal_basis=BASIS)
        held = next((grant for grant in self._grants if grant.digest == held_grant), None)
        return revise(self._reader, "wuhan", held, self._grant, request)

    def compare(self, _: bytes) -> bytes:
        return b""

    def check(self, receiver: Receiver) -> None:
        """The receiver holds what is shared now."""
        assert views(receiver.store, "wuhan") == records_of(heard(self.pull(0, 0)))
