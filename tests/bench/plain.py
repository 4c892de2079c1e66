"""Programs to measure against, each the plainest and fastest that does the same without proving anything.

    serve NODE ADDRESS BATCHES ANSWER                      sends recorded messages from memory; echoes
    receive NODE DATABASE SIGNATURES [ORIGIN ADDRESS]...   stores what the origins send, all at once, and verifies a
                                                           signature for each record unless SIGNATURES is empty

Both speak the same mTLS as the nodes. `receive` begins when its standard input ends and writes its result, in JSON,
beside the database.
"""

from __future__ import annotations  # gRPC's types are generic only to the type checker

import json
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import grpc
from nacl.signing import VerifyKey

from node.client.channel import pinned_channel
from node.config import Config, load_config
from node.core.log.merkle import HASH_BYTES
from node.folder.files import load_federation
from node.folder.keyfile import load_tls_identity
from node.folder.trust import Trust
from node.rpc.threads import AT_ONCE
from node.rpc.tls import server_credentials, server_options
from node.storage.sqlite.tree import position
from node.stubs.exchange.v1.exchange_pb2 import PullResponse
from node.stubs.record.v1.record_pb2 import Own, Run
from node.usecases.exchange.pull import COMMIT_RECORDS
from tests.bench.plain_tables import RecordRow, SubjectRow, insert, open_tables

METHOD = "/bench.Limit/"
_WINDOW = 2
_MAX_DIGEST = (1 << 63) - 1
Check = Callable[[bytes, int], None]


def read_blobs(path: Path) -> Iterator[bytes]:
    """Byte strings, each after its length in 4 bytes."""
    with path.open("rb") as file:
        while size := file.read(4):
            yield file.read(int.from_bytes(size, "big"))


def write_blobs(path: Path, blobs: Iterable[bytes]) -> int:
    """The reverse of `read_blobs`; returns the length of all together."""
    written = 0
    with path.open("wb") as file:
        for blob in blobs:
            file.write(len(blob).to_bytes(4, "big") + blob)
            written += len(blob)
    return written


def serve(config: Config, address: str, batches: Path, answer: Path) -> None:
    """Answers Pull with recorded messages and Echo with a recorded answer, without looking at anything."""
    messages, response = list(read_blobs(batches)), answer.read_bytes()

    def pull(_: bytes, __: grpc.ServicerContext) -> Iterator[bytes]:
        return iter(messages)

    def echo(_: bytes, __: grpc.ServicerContext) -> bytes:
        return response

    handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
        "Pull": grpc.unary_stream_rpc_method_handler(pull),
        "Echo": grpc.unary_unary_rpc_method_handler(echo),
    }
    server = grpc.server(ThreadPoolExecutor(AT_ONCE), options=server_options(config.limits.max_message_bytes))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(METHOD.strip("/"), handlers),))
    server.add_secure_port(address, server_credentials(Trust(config)))
    server.start()
    print("ready", file=sys.stderr, flush=True)
    server.wait_for_termination()


class Receiver:
    """Stores records and index rows on a thread of its own; as many records share a commit as in the node."""

    def __init__(self, path: Path) -> None:
        self._connection = open_tables(path)
        self._writer = ThreadPoolExecutor(1)

    def receive(self, messages: Iterator[bytes], number: int, check: Check | None) -> int:
        """Stores the stream of an origin under its number; returns the number of records, all durable."""
        under_way: deque[Future[int]] = deque()
        rows = _Rows([], [])
        count = 0
        for raw in messages:
            _take(PullResponse.FromString(raw), number, check, rows)
            if len(rows.records) >= COMMIT_RECORDS:
                under_way.append(self._writer.submit(self._store, rows))
                rows = _Rows([], [])
                if len(under_way) > _WINDOW:
                    count += under_way.popleft().result()
        under_way.append(self._writer.submit(self._store, rows))
        return count + sum(stored.result() for stored in under_way)

    def close(self) -> None:
        """Closes the database."""
        self._writer.submit(self._connection.close).result()

    def _store(self, rows: _Rows) -> int:
        insert(self._connection, rows.records, rows.subjects)
        return len(rows.records)


class _Rows(NamedTuple):
    """What one commit stores."""

    records: list[RecordRow]
    subjects: list[SubjectRow]


def _take(batch: PullResponse, number: int, check: Check | None, rows: _Rows) -> None:
    row, hashes = position(number, batch.from_index), batch.leaf_hashes
    for place, (own, stored) in enumerate(each for run in batch.runs for each in read_rows(run)):
        if check is not None:
            check(stored, batch.from_index + place)
        rows.records.append((row + place, hashes[place * HASH_BYTES : (place + 1) * HASH_BYTES], stored))
        for subject in Own.FromString(own).subjects:
            # A plain program has no need of a cryptographic digest.
            rows.subjects.append((hash(subject) & _MAX_DIGEST, row + place))


def read_rows(raw: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Of each record of a run: its own, and the row in which a plain program stores it, which says all that is sent."""
    run = Run.FromString(raw)
    columns = [column.openings or column.commitments for column in run.columns]
    for own, *facets in zip(run.own, *columns, strict=True):
        yield own, b"".join((own, *facets))


def receive(config: Config, database: Path, signatures: Path | None, origins: Sequence[tuple[str, str]]) -> None:
    """Pulls from each origin (city, address) and stores once; writes what it took."""
    federation, identity = load_federation(config.federation), load_tls_identity(config.tls_identity)
    check = _signature_check(signatures) if signatures else None
    receiver = Receiver(database)

    def pull_from(number: int, city: str, address: str) -> int:
        with pinned_channel(address, identity, city, federation.member(city).tls_certs) as open_channel:
            pull: grpc.UnaryStreamMultiCallable[bytes, bytes] = open_channel.unary_stream(f"{METHOD}Pull")
            return receiver.receive(pull(b""), number, check)

    print("ready", file=sys.stderr, flush=True)
    sys.stdin.read()
    began_s, cpu_began_s = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(len(origins)) as pool:
        pulls = [pool.submit(pull_from, number, *origin) for number, origin in enumerate(origins, 1)]
        records = sum(pull.result() for pull in pulls)
    result = {
        "records": records,
        "began_s": began_s,
        "ended_s": time.perf_counter(),  # by the machine's clock, the same in every process
        "cpu_s": time.process_time() - cpu_began_s,
    }
    receiver.close()
    database.with_suffix(".json").write_text(json.dumps(result))


def _signature_check(path: Path) -> Check:
    public_key, *signatures = read_blobs(path)
    verify = VerifyKey(public_key).verify

    def check(stored: bytes, index: int) -> None:
        verify(stored, signatures[index])

    return check


def main() -> None:
    """Runs one of the programs; see the module's text."""
    program, node, *rest = sys.argv[1:]
    config = load_config(Path(node))
    if program == "serve":
        serve(config, rest[0], Path(rest[1]), Path(rest[2]))
    else:
        database, signatures, *origins = rest
        pairs = list(zip(origins[::2], origins[1::2], strict=True))
        receive(config, Path(database), Path(signatures) if signatures else None, pairs)


if __name__ == "__main__":
    main()
