"""`screen`: a roster streamed to a node's query process, against a bare loop of indexed look-ups in plain tables."""

from __future__ import annotations  # gRPC's types are generic only to the type checker

import random
import time
from collections.abc import Sequence
from pathlib import Path

import grpc

from node.client import NodeClient
from node.config import Config
from node.core.log.subjects import index_entries, index_key, subject_digest
from node.core.members.platforms import Connected
from node.core.standards.kinds import Kind, kind_of
from node.folder.identity import connect_platform
from node.folder.keyfile import load_log_key
from node.storage.sqlite.log import OWN
from node.storage.sqlite.reader import Reader
from node.storage.sqlite.schema import open_reader
from node.stubs.query.v1.query_pb2 import Reason
from node.stubs.screening.v1 import screening_pb2 as screening
from node.stubs.standard.v1.party_pb2 import Party
from tests.bench.asker import questions
from tests.bench.measure import alternate, rate, ratio
from tests.bench.plain_tables import insert, open_tables
from tests.bench.world import ORIGIN, Rows, World, say
from tests.kit.samples.standards import PLATFORM
from tests.kit.stores.city import City
from tests.kit.stores.listings import NAMES, entry, listing

BATCH = 500
_METHOD = "/node.screening.v1.ScreeningService/Screen"
_REASON = Reason(purpose="verification", legal_basis="政务数据共享条例 第二十条")
# One in so many of a roster is on a list.
_LISTED = 100
_MAX_ENTRIES = 100_000
_LOOKUP = (
    "SELECT view FROM plain_subject JOIN plain_record ON plain_record.position = plain_subject.position"
    " WHERE digest = ?"
)


def bench_screen(folder: Path, rows: Rows, runs: int) -> dict[str, object]:
    """Measures a roster of twice as many entries as the node holds registrations; every hundredth is listed."""
    world = World(folder, (ORIGIN,))
    config = world.configs[ORIGIN]
    connect_platform(config, Connected(PLATFORM.name))  # a platform's list counts from where it is connected
    with world.run(ORIGIN):
        world.load(ORIGIN, rows.files(folder))
    codes = [asked.uscc for asked in questions(config, ORIGIN, min(2 * rows.n, _MAX_ENTRIES))]
    listed = set(codes[::_LISTED])
    _publish(config, sorted(listed))
    expected = sum(code in listed for code in codes)
    say(f"screen: {len(codes)} entries, {expected} of them listed")
    plain = folder / "plain.db"
    _copy(config, plain)
    with world.run(ORIGIN, "query"), NodeClient.of_officer(config) as node:
        measured = alternate(
            runs,
            {
                "screen": lambda: _screen(node.channel("query"), codes, expected),
                "sqlite": lambda: _look_up(plain, codes),
            },
        )
    screened, bare = measured["screen"], measured["sqlite"]
    return {
        "bench": "screen",
        "n": rows.n,
        "entries": len(codes),
        "entries_per_s": rate(screened),
        "sqlite_per_s": rate(bare),
        "ratio_sqlite": ratio(screened, bare),
        "seconds_per_100k": round(100_000 / rate(screened), 2),
        "hits": expected,
        "runs": runs,
    }


def _publish(config: Config, codes: Sequence[str]) -> None:
    city = City(config.data_dir, config.city, config.node_db, load_log_key(config.log_key))
    chosen = random.Random(len(codes)).choices(NAMES, k=len(codes))  # the same in each run
    made = ((name, listing(name, party=Party(uscc=code))) for name, code in zip(chosen, codes, strict=True))
    entries = [entry(city, name, body) for name, body in made]
    for begin in range(0, len(entries), BATCH):
        city.append(entries[begin : begin + BATCH])
    city.close()


def _screen(channel: grpc.Channel, codes: Sequence[str], expected: int) -> float:
    """Entries answered a second, as the roster of `lookup` is measured: the client's own work before and after.

    Raises:
        RuntimeError: The answers are not those of the listings.
    """
    call: grpc.StreamStreamMultiCallable[bytes, bytes] = channel.stream_stream(_METHOD)
    requests = [
        screening.ScreenRequest(
            seq=begin, reason=_REASON, entries=[screening.Entry(uscc=code) for code in codes[begin : begin + BATCH]]
        ).SerializeToString()
        for begin in range(0, len(codes), BATCH)
    ]
    began = time.perf_counter()
    answered = list(call(iter(requests)))
    seconds = time.perf_counter() - began
    answers = [each for raw in answered for each in screening.ScreenResponse.FromString(raw).screened]
    hits = sum(each.result == screening.RESULT_HIT for each in answers)
    if (len(answers), hits) != (len(codes), expected):
        raise RuntimeError(f"{hits} hits in {len(answers)} answers, {expected} in {len(codes)} are right")
    return len(codes) / seconds


def _copy(config: Config, path: Path) -> None:
    """The node's own log in the tables of a plain program."""
    reader, connection = Reader(config.node_db), open_tables(path)
    for begin in range(0, reader.origin(config.city).size, BATCH):
        records = reader.records(OWN, begin, begin + BATCH)
        rows = [(each.index, each.leaf_hash, each.run().SerializeToString()) for each in records]
        entries = (index_entries(each.header.subjects, kind_of(each.header.standard), each.index) for each in records)
        insert(connection, rows, [entry for of_record in entries for entry in of_record])
    connection.close()


def _look_up(path: Path, codes: Sequence[str]) -> float:
    """Look-ups a second of one connection, one key after the other, digests made before."""
    connection = open_reader(path)
    digests = [(index_key(subject_digest(f"uscc:{code}"), Kind.LISTING),) for code in codes]
    began = time.perf_counter()
    for digest in digests:
        connection.execute(_LOOKUP, digest).fetchall()
    seconds = time.perf_counter() - began
    connection.close()
    return len(codes) / seconds
