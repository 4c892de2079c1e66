"""Lies below the messages: what a hostile node does to the stream of a pull, and what it is caught as."""

import threading
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, repeat

import grpc

from node.client.errors import REASON_KEY
from node.core.log.trusted_log import MAX_BATCH_BYTES
from node.errors import Reason
from node.stubs.exchange.v1.exchange_pb2 import PullResponse
from tests.kit.simulator.memory_log import on_wire
from tests.kit.simulator.telling import records_of

Serve = Callable[[Iterator[bytes], grpc.ServicerContext], Iterable[bytes]]


def _hung_up(_: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
    context.set_trailing_metadata(((REASON_KEY, "storage_full"),))
    return _exhausted(_, context)


def _exhausted(_: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
    context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "no room")


def _never(_: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
    _until_gone(context)
    yield b""


def _until_gone(context: grpc.ServicerContext) -> None:
    gone = threading.Event()
    if context.add_callback(gone.set):
        gone.wait(30)


def _one_then_never(stream: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
    yield next(stream)
    _until_gone(context)


def _drip(stream: Iterator[bytes], _: grpc.ServicerContext) -> Iterator[bytes]:
    """One record at a time, each well within the time for a batch."""
    batch = PullResponse.FromString(next(stream))
    for record in records_of([batch]):
        one = PullResponse(from_index=record.index, runs=on_wire([record]), leaf_hashes=record.leaf_hash)
        one.checkpoint, one.grant, one.format = batch.checkpoint, batch.grant, batch.format
        yield one.SerializeToString()


def _of_format_1(stream: Iterator[bytes], _: grpc.ServicerContext) -> Iterator[bytes]:
    """A log of an old release, which states no format and whose records this one cannot read."""
    batch = PullResponse.FromString(next(stream))
    batch.ClearField("format")
    batch.ClearField("runs")
    yield batch.SerializeToString()


FROZEN: dict[str, tuple[Reason, Serve]] = {
    "not a message": (Reason.MALFORMED_BATCH, lambda _, __: [b"\x0f" * 5000]),
    "just too large": (Reason.OVERSIZE_BATCH, lambda _, __: [bytes(MAX_BATCH_BYTES + 1)]),
    "much too large": (Reason.OVERSIZE_BATCH, lambda _, __: [bytes(64 << 20)]),
    "endless": (Reason.UNDERSIZE_BATCH, lambda s, _: repeat(_emptied(next(s)))),
    "endless after the end": (Reason.ENDLESS_STREAM, lambda s, _: _endless(list(s))),
    "drip": (Reason.UNDERSIZE_BATCH, _drip),
    "replayed": (Reason.BATCH_REPLAYED, lambda s, _: repeat(next(s))),
}
BACKED_OFF: dict[str, tuple[Reason, Serve]] = {
    "no answer": (Reason.TOO_SLOW, _never),
    "silence after a batch": (Reason.TOO_SLOW, _one_then_never),
    "cut off": (Reason.TRUNCATED_STREAM, lambda s, _: [next(s)]),
    "nothing": (Reason.TRUNCATED_STREAM, lambda _, __: ()),
    "refused": (Reason.STORAGE_FULL, _hung_up),
    "a log of format 1": (Reason.UNSUPPORTED_FORMAT, _of_format_1),
}


def _emptied(raw: bytes) -> bytes:
    batch = PullResponse.FromString(raw)
    batch.ClearField("runs")
    batch.leaf_hashes = bytes(300_000)
    return batch.SerializeToString()


def _endless(batches: list[bytes]) -> Iterator[bytes]:
    return chain(batches, repeat(batches[-1]))
