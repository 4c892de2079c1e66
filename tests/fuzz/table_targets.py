"""What a registrar or a platform exports: tables of any kind, and the mappings that say how they are read."""

from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from adapters.mapping import parse_mapping, read_mapping
from adapters.rows import Body, Mapper
from adapters.tables import open_table
from node.cli.roster import read_roster
from node.cli.shared.screen_roster import read_rows
from node.client import load_identity
from node.errors import NodeError
from node.folder.keyfile import create_tls_identity
from tests.fuzz.peer_targets import text_of
from tests.fuzz.target import check_refusal, file_of, target

MAX_ROWS = 2000


@target()
def mapping(data: bytes) -> None:
    """A mapping that is taken reads any cell, or says why not."""
    parsed = parse_mapping(text_of(data), "mapping.yaml")
    names = [source.names[0] for source in parsed.sources]
    try:
        mapper = Mapper(parsed, names, "table.csv")
    except NodeError as refusal:  # two columns of one name
        check_refusal(refusal)
        return
    for cell in ("", "无", "1", "2026-01-01", "\ud800", "\0", "9" * 5000):
        mapper.map([cell] * len(names))


@target()
def table(data: bytes) -> None:
    """Every row comes out or has its problem with it, and damage is told and not raised."""
    with file_of(data) as path, open_table(path) as opened:
        rows = list(islice(opened.rows(), MAX_ROWS))
        assert all(row.problems or len(row.cells) == len(opened.columns) for row in rows)
        if opened.damage:
            check_refusal(opened.damage)
        mapper = Mapper(read_mapping(Path("registry")), opened.columns, str(path))
        for row in rows:
            mapped = () if row.problems else mapper.map(row.cells)
            assert isinstance(mapped, Body | tuple)


@target()
def roster(data: bytes) -> None:
    with file_of(data) as path:
        list(islice(read_roster(path), MAX_ROWS))


@target()
def screening_roster(data: bytes) -> None:
    with file_of(data) as path:
        list(islice(read_rows(path, lambda: bytes(32)), MAX_ROWS))


DIVIDER = b"\n=====\n"


def _bundles() -> list[bytes]:
    with file_of(b"", "none") as path:
        identity = create_tls_identity(
            path.parent / "tls.pem", "jd.wuhan.gongzhi.internal", datetime(2026, 1, 1, tzinfo=UTC)
        )
        about = b"city: wuhan\nname: jd\nkind: adapter\naddresses: {intake: '127.0.0.1:7101'}\n"
        return [DIVIDER.join((about, identity.certificate.pem.encode(), (path.parent / "tls.pem").read_bytes()))]


@target(_bundles)
def client_bundle(data: bytes) -> None:
    """The parts of an identity in one input: client.yaml, server.crt, client.pem."""
    with file_of(b"", "none") as path:
        for name, part in zip(("client.yaml", "server.crt", "client.pem"), data.split(DIVIDER), strict=False):
            (path.parent / name).write_bytes(part)
            (path.parent / name).chmod(0o600)
        load_identity(path.parent)
