"""Keeps a restored node from publishing until it is sure that it would not fork its log.

Peers may have verified more of the log than the backup holds, and a record signed at a place that they know otherwise
would be a fork, after which they trust it no more.
"""

from node.config import Config
from node.errors import NodeError, Reason
from node.folder.data_lock import released
from node.storage.sqlite.reader import Reader
from node.storage.sqlite.witness import read_heard
from node.usecases.upkeep.backup import MARKER

_WAY_OUT = "take back what peers hold, restore a newer backup, or begin a log under a new key (docs/operations.md)"


def restored(config: Config) -> NodeError | None:
    """Why this node must not publish; None where it may."""
    if not (config.data_dir / MARKER).exists():
        return None
    text = "this node was restored from a backup and publishes nothing yet: gongzhi restore --confirm"
    return NodeError(Reason.RESTORED, text)


def confirm(config: Config, largest: int) -> int:
    """Lets a restored node publish again from its next start; returns the size of its log.

    Args:
        config: Of the node.
        largest: The largest tree size of this city's log that any peer has verified.

    Raises:
        NodeError: NOT_FOUND (it was not restored), ALREADY_RUNNING, or RESTORED: a peer has verified more than the log
            holds, so publishing would fork it. Whatever is said, a checkpoint that a peer showed since counts too.
    """
    if restored(config) is None:
        raise NodeError(Reason.NOT_FOUND, "this node was not restored, or publishes again already")
    with released(config.data_dir):
        _check_is_whole(config, largest)
        (config.data_dir / MARKER).unlink()
    return Reader(config.node_db).origin(config.city).size


def _check_is_whole(config: Config, largest: int) -> None:
    reader = Reader(config.node_db)
    size, heard = reader.origin(config.city).size, read_heard(reader.connection, config.city)
    shown = [
        f"{checkpoint.teller} showed {checkpoint.size}, signed by this city"
        for checkpoint in heard
        if checkpoint.size > size
    ]
    if largest > size or shown:
        text = "; ".join([f"a peer has verified {largest} records"] * (largest > size) + shown)
        lost = f"{text}, and the restored log has {size}: publishing would fork it"
        raise NodeError(Reason.RESTORED, f"{lost}; {_WAY_OUT}")
