"""Forgets the log of a peer that has rebuilt it under a new key, so that the new one is pulled from its beginning."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from node.config import Config
from node.core.log.checkpoint import LogKey, log_name, verify_checkpoint
from node.core.log.record import parse_header, record_id
from node.core.screening import case_of
from node.errors import NodeError, Reason
from node.folder.data_lock import released
from node.folder.files import load_federation
from node.messages import _
from node.storage.sqlite.forget import StoppedStore, open_stopped
from node.storage.sqlite.replica import Origin
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
    with released(config.data_dir), open_stopped(config.node_db) as store:
        origin = store.find_origin(city)
        if origin is None or city == config.city:
            raise NodeError(Reason.NOT_FOUND, _("this node holds no data of a peer {city!r}", city=city[:40]))
        _check_rebuilt(origin, member.log_keys if member else ())
        acts = list(_acts_in_cases_of(store, city))
        store.forget(origin, acts, now_ms)
    return Forgotten(origin.size, [record_id(config.city, index) for index in acts])


def _acts_in_cases_of(store: StoppedStore, city: str) -> Iterator[int]:
    """Leaf indices of the own records, not retracted, that are acts in cases which a city opened."""
    case = f"{city}-"
    for index, view in store.own_records_naming(f"case:{case}"):
        if case_of(parse_header(View.FromString(view).header)).startswith(case):
            yield index


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
