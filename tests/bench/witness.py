"""`witness`: what cosigning and comparing add to a round of pulling, six cities that know each other's checkpoints."""

import time
from pathlib import Path
from statistics import median

from node.stubs.exchange.v1.exchange_pb2 import CompareRequest
from node.usecases.exchange.witness import Round
from tests.bench.measure import rate
from tests.bench.world import Rows, say
from tests.kit.simulator.towns import Country, Town

_ROUNDS = 10


def bench_witness(folder: Path, rows: Rows, runs: int) -> dict[str, object]:
    """Measures rounds in which the origin has `n / 100` new records, one, and none; both sides are one process here."""
    country = Country(folder)
    for place, town in enumerate(country.towns.values()):
        town.grow(place * 10**7, 200)
    for _ in range(2):
        country.round()
    changsha, wuhan = country["changsha"], country["wuhan"]
    signed, sign = [0], changsha.key.sign

    def counting(message: bytes) -> bytes:
        signed[0] += 1
        return sign(message)

    changsha.key.sign = counting  # type: ignore[method-assign]
    many, one, none = (_rounds(changsha, wuhan, count, runs) for count in (max(rows.n // 100, 2), 1, 0))
    told = CompareRequest(checkpoints=changsha.compare.checkpoints())
    country.close()
    return {
        "bench": "witness",
        "n": rows.n,
        "round_cpu_ms": rate(many),
        "round_of_one_cpu_ms": rate(one),
        "idle_round_cpu_ms": rate(none),
        "signatures_per_round": signed[0] / (2 * runs * _ROUNDS),
        "told_bytes": told.ByteSize(),
        "runs": runs,
    }


def _rounds(receiver: Town, origin: Town, count: int, runs: int) -> list[float]:
    """Milliseconds of processor time that each round takes beside its pull: the median of each run."""
    spent: list[float] = []
    after_pull = Round.after_pull

    def timed(*arguments: object) -> None:
        begin = time.process_time()
        after_pull(*arguments)  # type: ignore[arg-type]
        spent.append((time.process_time() - begin) * 1000)

    Round.after_pull = timed  # type: ignore[method-assign, assignment]
    try:
        for _ in range(runs * _ROUNDS):
            if count:
                origin.grow(10**8 + origin.origin.size, count)
            receiver.pull(origin.city)
    finally:
        Round.after_pull = after_pull  # type: ignore[method-assign]
    medians = [median(spent[at : at + _ROUNDS]) for at in range(0, len(spent), _ROUNDS)]
    say(f"witness: {count} new records a round: {[round(each, 2) for each in medians]} ms")
    return medians
