"""What an officer must not overlook: a forked log, a node that publishes nothing, a listing published again."""

from collections.abc import Mapping

from node.control.v1.control_pb2 import Alert
from node.core.record import parse_record_id
from node.errors import NodeError, Reason
from node.storage.log import OWN
from node.storage.reader import Reader
from node.storage.witness import largest_heard


def alerts(reader: Reader, held_back: NodeError | None, unreadable: Mapping[int, int] | None = None) -> list[Alert]:
    """Alerts, the gravest first.

    Args:
        reader: The store.
        held_back: Why this node publishes nothing; None where it does.
        unreadable: Origin number -> how many of its current records cannot be read.
    """
    found = [
        Alert(reason=each.reason, city=each.city, text=_fork(each.city, each.number))
        for each in reader.incidents()
        if each.reason == Reason.LOG_FORKED and reader.link(each.city).last_reason == Reason.LOG_FORKED
    ]
    if held_back is not None and held_back.reason is Reason.RESTORED:
        own = next(origin for origin in reader.origins() if origin.number == OWN)
        seen = largest_heard(reader.connection, own.city)
        found.append(Alert(reason=held_back.reason, city=own.city, text=_restored(own.size, seen)))
    found += [
        Alert(reason="record_unreadable", city=each.city, text=_unreadable(each.city, count))
        for each in reader.origins()
        if (count := (unreadable or {}).get(each.number))
    ]
    return found + [
        Alert(reason="listing_republished", city=parse_record_id(each)[0], text=_republished(each))
        for each in reader.republished()
    ]


def _fork(city: str, incident: int) -> str:
    return (
        f"{city} 签署了两份互相矛盾的日志，已冻结 / signed two histories of its log; it is frozen."
        f" Evidence: gongzhi peer evidence {incident} --out fork.json"
    )


def _republished(record: str) -> str:
    return (
        f"{record} 再次列入已移出名单的当事人，不作为命中 / lists again a party whose listing had ended:"
        " it is no hit here; ask that city to take it back"
    )


def _unreadable(city: str, count: int) -> str:
    return (
        f"{city} 有 {count} 条记录不符合标准，已跳过，不影响其他答复 / has {count} records that cannot be read:"
        " nobody is answered from them. gongzhi audit names them; ask that city to take them back"
    )


def _restored(size: int, seen: int) -> str:
    told = (
        f"对方持有 {seen} 条，本节点须补足后才能发布 / peers hold {seen}: it is held back until its log has as many"
        if seen > size
        else "尚无对方出示更多 / no peer has shown more so far: gongzhi restore --confirm"
    )
    return f"本节点由备份恢复，有 {size} 条，暂停发布 / restored with {size} records, publishes nothing. {told}"
