"""What the benchmarks of pulls have in common: first pulls by real nodes, and their figures beside those of a limit."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from statistics import median

from tests.bench.limits import Run
from tests.bench.measure import rate, ratio
from tests.bench.world import Process, World


def first_pull(world: World, origins: Mapping[str, Sequence[str]], senders: Sequence[Process]) -> Run:
    """Each city starts with nothing and pulls the logs of its origins, all at the same time.

    Args:
        world: Its nodes.
        origins: Of each city that pulls.
        senders: The origins' processes.
    """
    for city in origins:
        world.forget(city)
    with ExitStack() as stack:
        receivers = [stack.enter_context(world.run(city)) for city in origins]
        sent_s, received_s = _cpu_s(senders), _cpu_s(receivers)
        pulled = world.sync_at_once(origins)
        sender_s, receiver_s = _cpu_s(senders) - sent_s, _cpu_s(receivers) - received_s
    return Run(pulled.tree_size, pulled.seconds, sender_s, receiver_s, sum(map(world.stored_bytes, origins)))


def pull_figures(pulls: Sequence[Run], limits: Sequence[Run]) -> dict[str, object]:
    """Records a second and microseconds of processor time for a record, beside those of plain programs."""
    return {
        "records_per_s": rate([run.per_s for run in pulls]),
        "limit_grpc_per_s": rate([run.per_s for run in limits]),
        "ratio_limit_grpc": ratio([run.per_s for run in pulls], [run.per_s for run in limits]),
        "cpu_us": rate([run.cpu_us for run in pulls]),
        "ratio_limit_cpu": ratio([run.cpu_us for run in limits], [run.cpu_us for run in pulls]),
        "origin_cpu_us": rate([run.sender_cpu_us for run in pulls]),
        "receiver_cpu_us": rate([run.receiver_cpu_us for run in pulls]),
        "limit_sender_cpu_us": rate([run.sender_cpu_us for run in limits]),
        "limit_receiver_cpu_us": rate([run.receiver_cpu_us for run in limits]),
    }


def disk_figures(pulls: Sequence[Run], limits: Sequence[Run]) -> dict[str, object]:
    """Bytes that a record takes in a receiver's database, beside that of the plain program."""
    stored, plain = ([run.stored_bytes / run.records for run in each] for each in (pulls, limits))
    return {
        "receiver_disk_bytes_per_record": round(median(stored)),
        "limit_disk_bytes_per_record": round(median(plain)),
        "ratio_limit_disk": ratio(plain, stored),
    }


def _cpu_s(processes: Sequence[Process]) -> float:
    return sum(process.cpu_s for process in processes)
