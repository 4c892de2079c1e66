"""What can happen to a node in a container: its disk, its certificate, its honesty, its neighbours, its past."""

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
from testcontainers.core.container import DockerContainer

from node.client.channel import peer_channel
from node.client.errors import error_from_rpc
from node.errors import Reason
from node.folder import rotation
from node.folder.files import load_federation, save_federation
from node.folder.identity import server_certificates, write_server
from node.folder.keyfile import CERTIFICATE_TERM, load_tls_identity
from node.stubs.exchange.v1.exchange_pb2 import PullRequest
from node.stubs.exchange.v1.exchange_pb2_grpc import ExchangeServiceStub
from node.testing import SixCities
from node.testing.containers import ContainerCity
from tests.kit.containers.links import FEDERATION_FILES, PORT, address
from tests.kit.small_disk import small_disk

ROOT = Path(__file__).parents[3]
_ROOM = 12 * 2**20


@contextmanager
def on_small_disk(city: ContainerCity) -> Iterator[Path]:
    """The city's databases lie on a file system of their own with little room; gives what to fill to leave none."""
    data, kept = city.config.data_dir, city.folder / "data-kept"
    city.stop()
    data.rename(kept)
    used = sum(path.stat().st_size for path in kept.rglob("*") if path.is_file())
    try:
        with small_disk(data, used + _ROOM):
            shutil.copytree(kept, data, dirs_exist_ok=True)
            city.start()
            try:
                yield data / "filler"
            finally:
                city.stop()
                (data / "filler").unlink(missing_ok=True)
                shutil.rmtree(kept)
                shutil.copytree(data, kept)
    finally:
        data.rmdir()
        kept.rename(data)
        city.start()


def prepare_certificate(cities: SixCities, slug: str, lasts_s: float | None = None) -> None:
    """Makes the city's next certificate and hands the card to the others; it may last for seconds only."""
    now = datetime.now(UTC)
    begins = now if lasts_s is None else now - CERTIFICATE_TERM + timedelta(seconds=lasts_s)
    with FEDERATION_FILES:
        rotation.prepare_tls(cities[slug].config, begins)
        _hand_out(cities, slug)


def use_certificate(cities: SixCities, slug: str) -> None:
    """Puts the prepared certificate in use, as `gongzhi key rotate --tls --finish`, and tells everybody."""
    with FEDERATION_FILES:
        rotation.finish_tls(cities[slug].config)
        _hand_out(cities, slug)


def _hand_out(cities: SixCities, slug: str) -> None:
    """The city's card goes to the other cities, and its certificate to its own officer."""
    card = load_federation(cities[slug].config.federation).member(slug)
    for city in cities.values():
        save_federation(city.config.federation, load_federation(city.config.federation).with_member(card))
    config = cities[slug].config
    write_server(config.officer, server_certificates(config))


@contextmanager
def lying(city: ContainerCity, lie: str, image: str) -> Iterator[None]:
    """A liar with the city's keys stands in its place."""
    city.stop()
    liar = DockerContainer(image).with_network(city.federation).with_network_aliases(city.slug)
    liar.with_volume_mapping(city.folder, "/data", "rw").with_volume_mapping(ROOT / "tests", "/code/tests", "ro")
    liar.with_env("PYTHONPATH", "/code").with_command(["-m", "tests.kit.containers.liar", lie])
    liar.with_kwargs(entrypoint="python", user=f"{os.getuid()}:{os.getgid()}", cap_drop=["ALL"])
    city.federation._unwrap_network.disconnect(city.container)
    try:
        with liar:
            yield
            liar.get_wrapped_container().stop(timeout=10)
    finally:
        city.federation.connect(str(city.container.id), [city.slug])
        city.start()


@contextmanager
def flooding(victim: ContainerCity, flooder: ContainerCity, threads: int = 8) -> Iterator[list[Reason]]:
    """A member asks for the victim's whole log over and over; gives the reasons with which it is refused."""
    member = load_federation(victim.config.federation).member(victim.slug)
    found = replace(member, address=f"{address(victim)}:{PORT}")
    identity = load_tls_identity(flooder.config.tls_identity)
    ended = threading.Event()
    refused: list[Reason] = []

    def flood() -> None:
        with peer_channel(identity, found) as channel:
            stub = ExchangeServiceStub(channel)
            while not ended.is_set():
                try:
                    for _ in stub.Pull(PullRequest(purpose="verification", legal_basis="b"), timeout=10):
                        pass
                except grpc.RpcError as error:
                    refused.append(error_from_rpc(error).reason)
                    ended.wait(0.01)

    running = [threading.Thread(target=flood, name="flood") for _ in range(threads)]
    for thread in running:
        thread.start()
    try:
        yield refused
    finally:
        ended.set()
        for thread in running:
            thread.join()
