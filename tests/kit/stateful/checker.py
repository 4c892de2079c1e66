"""Reads every node at the end: what was acknowledged is everywhere that policy allows, once, and nothing else is.

`node.demo.check_stores` judges by the stores alone: trees, checkpoints, cursors, policies as the nodes read them.
What it cannot know is looked at here: what the model says was acknowledged and may be seen, and bytes left behind.
"""

from collections.abc import Mapping

from node.core.log.body import read_body
from node.core.log.record import SALT_BYTES, Record, parse_record_id, record_id
from node.core.policy.grant import POLICY_CHANGE
from node.demo.check_stores import Acknowledged, check_stores
from node.stubs.record.v1.record_pb2 import Header
from node.stubs.standard.v1.operator_pb2 import OperatorRegistration
from tests.kit.simulator.receiver import views
from tests.kit.stateful.model import Facets, Model
from tests.kit.stateful.node import Node


def check_federation(nodes: Mapping[str, Node], models: Mapping[str, Model]) -> None:
    """Checks nodes that have pulled everything from one another."""
    stores = {city: node.path for city, node in nodes.items()}
    # That a bad line made an honest city look like a liar is no fault of either.
    found = check_stores(stores, lambda city: nodes[city].log_keys, _acknowledged(models), liars=nodes)
    assert not found, "\n".join(map(str, found))
    for city, model in models.items():
        check_log(nodes[city], model)
        for receiver in nodes.values():
            if receiver.city != city:
                check_replica(receiver, nodes[city], model)


def _acknowledged(models: Mapping[str, Model]) -> list[Acknowledged]:
    return [
        Acknowledged(record_id(city, index), f"reg:{record.body.legacy_number}")
        for city, model in models.items()
        for index, record in model.records.items()
    ]


def check_log(origin: Node, model: Model) -> None:
    """The own log holds every acknowledged record once, a retraction of each that was taken back, and nothing else."""
    held = views(origin.store, origin.city)
    headers = [record.header for record in held]
    retracted = sorted(parse_record_id(header.retracts)[1] for header in headers if header.retracts)
    assert retracted == sorted(index for index, each in model.records.items() if each.is_retracted)
    published = {index for index, header in enumerate(headers) if _is_publication(header)}
    assert published == model.records.keys(), "an acknowledged record is lost, or one stands that nobody sent"
    for index, record in model.records.items():
        assert read_body(held[index]) == record.body


def _is_publication(header: Header) -> bool:
    return not header.retracts and (header.standard, header.version) != POLICY_CHANGE


def check_replica(receiver: Node, origin: Node, model: Model) -> None:
    """A replica holds what its city may see of each record, to the last facet, and no value or salt beside that."""
    held, full = views(receiver.store, origin.city), views(origin.store, origin.city)
    for index, (record, whole) in enumerate(zip(held, full, strict=True)):
        due = _due(index, whole.header, receiver.city, model)
        assert _seen(record) == due, f"{receiver.city} sees of {origin.city}-{index} {_seen(record)}, not {due}"
    _check_destroyed(receiver, held, full)


def _due(index: int, header: Header, peer: str, model: Model) -> Facets:
    if index in model.records:
        return model.visible(index, peer)
    if header.retracts:
        return frozenset() if model.rules.shares_with(peer) else None
    return frozenset({1})  # a change of policy is told to everyone


def _seen(record: Record) -> Facets:
    return record.disclosed if record.is_open else None


def _check_destroyed(receiver: Node, held: list[Record], full: list[Record]) -> None:
    """What a replica does not show stands in no file of its store, the evidence of incidents excepted."""
    shown = {secret for record in held for secret in _secrets(record)}
    gone = {secret for record in full for secret in _secrets(record)} - shown
    # One that may hold a retracted record is destroyed: nothing of it is left.
    whole = (incident.number for incident in receiver.store.peers.incidents() if incident.payload_bytes)
    kept = b"".join(receiver.store.peers.payload(number) for number in whole)
    files = b"".join(file.read_bytes() for file in sorted(receiver.path.parent.iterdir()))
    left = [secret for secret in gone if secret in files and secret not in kept]
    assert not left, f"{receiver.city} still holds {left[:3]}"


def _secrets(record: Record) -> list[bytes]:
    """Salts, and the values that no other record has."""
    salts = [opening[:SALT_BYTES] for opening in record.facets if opening]
    if not record.is_open or not _is_publication(record.header):
        return salts
    body = OperatorRegistration.FromString(b"".join(record.bodies()))
    return salts + [text.encode() for text in (body.name, body.actual_address.text, body.phone) if text]
