"""Forgets the log of a peer that has rebuilt it under a new key, so that the new one is pulled from its beginning."""

from collections.abc import Sequence
from typing import NamedTuple

from node.config import Config
from node.core.log.checkpoint import LogKey, log_name, verify_checkpoint
from node.core.log.record import parse_header, parse_record_id, record_id
from node.core.screening import case_of
from node.errors import NodeError, Reason
from node.folder.data_lock import released
from node.folder.files import load_federation
from node.messages import _
from node.storage.sqlite.forget import forget_log
from node.storage.sqlite.log import OWN
from node.storage.sqlite.replica import Origin, read_origin
from node.storage.sqlite.schema import Connection, open_writer
from node.storage.sqlite.tree import position
from node.stubs.record.v1.record_pb2 import View


class Forgotten(NamedTuple):
    """What forgetting a city's log destroyed.

    Attributes:
        records: How many of its records were destroyed.
        acts: Ids of own acts in cases of that city. Its new log gives these case ids to other cases, so the acts would
            be misread there.
    """

    records: int
    acts: list[str]


def forget(config: Config, city: str, now_ms: int) -> Forgotten:
    """Destroys what this node holds of a peer's log. The node must be stopped.

    A log is its keys: one that begins anew under a key that signed the old one would be a fork by itself. So the city's
    card, as taken over here, must no longer have the key under which the log held here was signed.

    Raises:
        NodeError: ALREADY_RUNNING, NOT_FOUND (nothing is held of such a peer), or INVALID_FEDERATION: the old key is
            still pinned.
    """
    member = load_federation(config.federation).find(city)
    with released(config.data_dir):
        connection = open_writer(config.node_db)
        try:
            origin = read_origin(connection, city)
            if origin is None or city == config.city:
                raise NodeError(Reason.NOT_FOUND, _("this node holds no data of a peer {city!r}", city=city[:40]))
            _check_rebuilt(origin, member.log_keys if member else ())
            acts = _acts_in_cases_of(connection, config.city, city)
            connection.execute("BEGIN IMMEDIATE")
            forget_log(connection, origin, now_ms)
            misread = [(parse_record_id(act)[1],) for act in acts]
            connection.executemany("INSERT OR IGNORE INTO misread (position) VALUES (?)", misread)
            connection.execute("COMMIT")
            # What is destroyed leaves no bytes, neither in free pages nor in the write-ahead log.
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            connection.close()
    return Forgotten(origin.size, acts)


def _acts_in_cases_of(connection: Connection, own: str, city: str) -> list[str]:
    """The own records, not retracted, that are acts in cases which a city opened."""
    case = f"{city}-"
    rows = connection.execute(
        "SELECT position, view FROM record WHERE position >= ? AND position < ?"
        " AND view IS NOT NULL AND instr(view, CAST(? AS BLOB))"
        " AND position NOT IN (SELECT position FROM change WHERE kind = 'retracted') ORDER BY position",
        (position(OWN, 0), position(OWN + 1, 0), f"case:{case}"),
    )
    headers = ((row, parse_header(View.FromString(view).header)) for row, view in rows)
    return [record_id(own, row) for row, header in headers if case_of(header).startswith(case)]


def _check_rebuilt(origin: Origin, keys: Sequence[LogKey]) -> None:
    try:
        verify_checkpoint(origin.checkpoint or b"", log_name(origin.city), keys)
    except NodeError:
        return
    raise NodeError(
        Reason.INVALID_FEDERATION,
        _(
            "the card of {city} still has the key of the old log, but a rebuilt log needs a new "
            "key: take over its new card first (gongzhi federation add)",
            city=origin.city,
        ),
    )
