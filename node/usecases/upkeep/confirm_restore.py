"""Keeps a restored node from publishing until it is sure that it would not fork its log.

Peers may have verified more of the log than the backup holds, and a record signed at a place that they know otherwise
would be a fork, after which they trust it no more.
"""

from node.config import Config
from node.errors import NodeError, Reason
from node.folder.data_lock import released
from node.messages import _
from node.storage.sqlite.reader import Reader
from node.usecases.upkeep.backup import MARKER


def restored(config: Config) -> NodeError | None:
    """Why this node must not publish; None where it may."""
    if not (config.data_dir / MARKER).exists():
        return None
    text = _("this node was restored from a backup and does not publish yet: run gongzhi restore --confirm")
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
        raise NodeError(
            Reason.NOT_FOUND, _("nothing to confirm: this node was not restored, or already publishes again")
        )
    with released(config.data_dir):
        _check_is_whole(config, largest)
        (config.data_dir / MARKER).unlink()
    return Reader(config.node_db).origin(config.city).size


def _check_is_whole(config: Config, largest: int) -> None:
    reader = Reader(config.node_db)
    size, heard = reader.origin(config.city).size, reader.checkpoints.heard(config.city)
    shown = [
        _("{teller} showed {size} records signed by this city", teller=checkpoint.teller, size=checkpoint.size)
        for checkpoint in heard
        if checkpoint.size > size
    ]
    if largest > size or shown:
        lost = [_("a peer has verified {largest} records", largest=largest)] * (largest > size) + shown
        raise NodeError(
            Reason.RESTORED,
            _(
                "{lost}, but the restored log has only {size}, so publishing would fork it: get the "
                "missing records back from peers, restore a newer backup, or begin a log under a new "
                "key (docs/operations.md)",
                lost=lost,
                size=size,
            ),
        )
