"""The query process of a city and a peer it pulled from, asked by commands and over mTLS."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from click.testing import Result

from node.bootstrap.query_role import QueryRole
from node.client.channel import identity_channel
from node.config import Config
from node.core.members.clients import Kind
from node.demo.founding import found_federation
from node.folder.identity import add_client
from node.folder.keyfile import load_log_key
from node.storage.sqlite.schema import open_reader
from node.stubs.query.v1.query_pb2_grpc import QueryServiceStub
from tests.kit.commands import invoke
from tests.kit.stores.city import City, operator
from tests.kit.waiting import eventually

USCC = "914300007121944054"


class World:
    """A city that asks, and a peer it pulled from."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config, self.peer_config = found_federation(folder, datetime.now(UTC), ("changsha", "wuhan"))
        self.own, self.peer = (_city(config) for config in (self.config, self.peer_config))
        self.own_id = self.own.register(operator(USCC))
        self.peer_id = self.peer.register(operator("91430000184255293D", name="湖南省宏邦建设工程有限公司"))
        self.own.pull(self.peer)
        self.role = QueryRole(self.config)
        self.role.start()

    def run(self, command: click.Command, *arguments: str) -> Result:
        known = ("--node", str(self.config.keys.parent)) if command.name != "check-proof" else ()
        return invoke(command, *arguments, *known)

    def json(self, command: click.Command, *arguments: str) -> Any:
        return json.loads(self.run(command, *arguments, "--json").stdout)

    @contextmanager
    def asking(self, kind: Kind) -> Iterator[QueryServiceStub]:
        identity = add_client(self.config, kind.value, kind, self.folder / kind.value, datetime.now(UTC))
        time.sleep(1.1)  # the node looks at its clients file once a second
        with identity_channel(identity, "query") as channel:
            yield QueryServiceStub(channel)

    def usage(self, count: int) -> list[tuple[Any, ...]]:
        """All usage records, once there are at least `count`: they are written a moment after the answer."""
        asked = "SELECT kind, rpc, purpose, questions, subject, cities, result FROM usage ORDER BY number"
        rows: list[tuple[Any, ...]] = []

        def written() -> bool:
            rows[:] = open_reader(self.config.usage_db).execute(asked)
            return len(rows) >= count

        eventually(written)
        return rows

    def close(self) -> None:
        self.role.stop()
        self.own.close()
        self.peer.close()


def _city(config: Config) -> City:
    config.data_dir.mkdir(exist_ok=True)
    now_ms = time.time_ns() // 1_000_000
    return City(config.data_dir, config.city, config.node_db, load_log_key(config.log_key), now_ms)
