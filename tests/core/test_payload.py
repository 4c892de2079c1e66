"""Which records may stand in what a lying peer sent: of what cannot be told, they may."""

import pytest

from node.core.log.payload import may_hold
from node.core.log.record import FORMAT
from node.stubs.exchange.v1.exchange_pb2 import PullResponse
from node.stubs.record.v1.record_pb2 import Column, Common, Own, Run

OWN = Own(subjects=["uscc:914300007121944054"]).SerializeToString()


def payload(run: Run, begin: int = 100) -> bytes:
    return PullResponse(from_index=begin, runs=[run.SerializeToString()], format=FORMAT).SerializeToString()


def run(own: bytes = OWN, *, unknown: bytes = b"") -> Run:
    common = Common(city="wuhan", facets=1).SerializeToString()
    made = Run(common=common, own=[own], columns=[Column(openings=[bytes(16) + b"x"])])
    made.MergeFromString(unknown)
    return made


@pytest.mark.parametrize(
    ("sent", "records"),
    [
        (payload(run(), begin=7), {7: b""}),
        (payload(run()), {7: OWN}),
        (payload(run(b"")), {7: b""}),
        (payload(run()), {7: b""}),
        (payload(run(unknown=b"\x98\x06\x01")), {7: OWN}),
        (b"\xff", {7: OWN}),
    ],
    ids=["at its place", "by its own", "an empty own", "an own not known", "a run that cannot be read", "no message"],
)
def test_it_may(sent: bytes, records: dict[int, bytes]) -> None:
    assert may_hold(sent, records)


def test_another_record_at_another_place_does_not() -> None:
    assert not may_hold(payload(run()), {7: b"\n\x01x"})
    assert not may_hold(payload(Run(leaf_hashes=bytes(32)), begin=7), {7: b""})
