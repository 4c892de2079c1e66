"""What can happen to the links between containers: cut, lossy, slow, late, flapping.

Rules are set in the containers' own network namespaces and networks; the proxies listen on the federation's network.
"""

import subprocess
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from testcontainers.core.network import Network

from node.folder.files import load_federation, save_federation
from node.testing.containers import ContainerCity
from tests.kit.containers.proxy import delaying

PORT = 7100
FEDERATION_FILES = threading.Lock()
"""Held by whoever changes one: faults run side by side."""


def inside(city: ContainerCity, *command: str) -> str:
    """Runs a program of this machine in the network namespace of a container."""
    pid = str(city.container.attrs["State"]["Pid"])
    done = subprocess.run(["nsenter", "-t", pid, "-n", *command], capture_output=True, text=True, check=False)
    assert not done.returncode, f"{city.slug}: {' '.join(command)}: {done.stderr}"
    return done.stdout


def address(city: ContainerCity) -> str:
    """Of the node on the federation's network."""
    city.container.reload()
    return city.ip(city.federation.name)


def is_there(city: ContainerCity) -> bool:
    """Whether it runs and stands on the federation's network now."""
    city.container.reload()
    found = city.container.attrs["NetworkSettings"]["Networks"].get(city.federation.name)
    return bool(found and found["IPAddress"])


def device(city: ContainerCity) -> str:
    """The interface on the federation's network."""
    lines = inside(city, "ip", "-o", "-4", "addr").splitlines()
    return next(line.split()[1] for line in lines if f" {address(city)}/" in line)


@contextmanager
def split(apart: Sequence[ContainerCity]) -> Iterator[None]:
    """These cities reach each other and none of the others; their own clients reach them."""
    with Network() as aside:
        for city in apart:
            city.federation._unwrap_network.disconnect(city.container)
            aside.connect(str(city.container.id), [city.slug])
        try:
            yield
        finally:
            for city in apart:
                aside._unwrap_network.disconnect(city.container)
                city.federation.connect(str(city.container.id), [city.slug])


@contextmanager
def _rule(city: ContainerCity, chain: str, *match: str) -> Iterator[None]:
    rule = (chain, *match, "-j", "DROP")
    inside(city, "iptables", "-A", *rule)
    try:
        yield
    finally:
        inside(city, "iptables", "-D", *rule)


@contextmanager
def deaf(city: ContainerCity, to: ContainerCity) -> Iterator[None]:
    """What `to` sends does not reach `city`; the other way all is well."""
    with _rule(city, "INPUT", "-s", address(to)):
        yield


@contextmanager
def lossy(city: ContainerCity, share: float = 0.3) -> Iterator[None]:
    """So many of the packets from and to other cities are lost."""
    lost = ("-m", "statistic", "--mode", "random", "--probability", str(share))
    name = device(city)
    with _rule(city, "INPUT", "-i", name, *lost), _rule(city, "OUTPUT", "-o", name, *lost):
        yield


@contextmanager
def slow(city: ContainerCity, rate: str = "256kbit") -> Iterator[None]:
    """The city sends no faster than this to other cities."""
    name = device(city)
    inside(city, "tc", "qdisc", "add", "dev", name, "root", "tbf", "rate", rate, "burst", "16kb", "latency", "400ms")
    try:
        yield
    finally:
        inside(city, "tc", "qdisc", "del", "dev", name, "root")


@contextmanager
def flapping(city: ContainerCity, period_s: float = 1.5) -> Iterator[None]:
    """The link to the other cities goes and comes."""
    ended = threading.Event()
    name = device(city)

    def run() -> None:
        while not ended.wait(period_s):
            with _rule(city, "INPUT", "-i", name), _rule(city, "OUTPUT", "-o", name):
                ended.wait(period_s)

    thread = threading.Thread(target=run, name=f"flapping-{city.slug}")
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@contextmanager
def late(
    city: ContainerCity, peers: Iterable[ContainerCity], delay_s: float = 0.5, jitter_s: float = 0.25, seed: int = 0
) -> Iterator[None]:
    """Whatever goes between the city and those it pulls from takes so long each way, give or take the jitter."""
    path = city.config.federation
    city.container.reload()
    gateway = str(city.container.attrs["NetworkSettings"]["Networks"][city.federation.name]["Gateway"])
    with ExitStack() as stack:
        ports = {
            peer.slug: stack.enter_context(delaying(gateway, (address(peer), PORT), delay_s, jitter_s, seed))
            for peer in filter(is_there, peers)
        }
        honest = {member.city: member.address for member in load_federation(path).members}
        _readdress(path, {slug: f"{gateway}:{port}" for slug, port in ports.items()})
        try:
            yield
        finally:
            _readdress(path, honest)


def _readdress(path: Path, addresses: Mapping[str, str]) -> None:
    """Has the cities reached elsewhere; whatever else the file says stays as it is."""
    with FEDERATION_FILES:
        federation = load_federation(path)
        for slug, where in addresses.items():
            federation = federation.with_member(replace(federation.member(slug), address=where))
        save_federation(path, federation)
