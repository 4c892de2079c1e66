"""Forgets the log of a peer that has rebuilt it under a new key, so that the new one is pulled from its beginning."""

from collections.abc import Sequence

from node.config import Config
from node.core.checkpoint import LogKey, log_name, verify_checkpoint
from node.errors import NodeError, Reason
from node.storage.files import load_federation
from node.storage.forget import forget_log
from node.storage.replica import Origin, read_origin
from node.storage.schema import open_writer
from node.storage.startup import released


def forget(config: Config, city: str, now_ms: int) -> int:
    """Destroys what this node holds of a peer's log; returns the number of records. The node must be stopped.

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
                raise NodeError(Reason.NOT_FOUND, f"nothing is held of a peer {city[:40]!r}")
            _check_rebuilt(origin, member.log_keys if member else ())
            connection.execute("BEGIN IMMEDIATE")
            forget_log(connection, origin, now_ms)
            connection.execute("COMMIT")
            # What is destroyed leaves no bytes, neither in free pages nor in the write-ahead log.
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            connection.close()
    return origin.size


def _check_rebuilt(origin: Origin, keys: Sequence[LogKey]) -> None:
    try:
        verify_checkpoint(origin.checkpoint or b"", log_name(origin.city), keys)
    except NodeError:
        return
    text = f"the card of {origin.city} still has the key of the log held here: a rebuilt log has a new key alone"
    raise NodeError(Reason.INVALID_FEDERATION, f"{text}; take over its new card first (gongzhi federation add)")
