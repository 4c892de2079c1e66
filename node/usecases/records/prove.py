"""Proves one record: what of it may be seen, its place in the log's tree, and the checkpoint its city signed."""

from node.core.answer import public_facets
from node.core.log.cosignature import witnesses_of
from node.core.log.merkle import inclusion_proof
from node.core.log.record import Record, parse_record_id, record_id
from node.errors import NodeError, Reason, TransientError
from node.messages import _
from node.storage.sqlite.log import OWN
from node.storage.sqlite.reader import Reader
from node.storage.sqlite.store import Origin
from node.stubs.query.v1.query_pb2 import Proof, Standing
from node.usecases.records.usage import check_obtained_for


def prove(reader: Reader, record: str, purpose: str) -> Proof:
    """The proof of a record as this node may see it.

    Raises:
        NodeError: INVALID_ARGUMENT (no record id), NOT_FOUND (not here, withheld or retracted), POLICY_DENIED
            (obtained for another purpose) or UNAVAILABLE, the record came since the last checkpoint that this node
            has caught up with.
    """
    city, index = parse_record_id(record)
    origin = reader.origin(city)
    check_obtained_for(origin, purpose)
    return prove_record(reader, origin, read_open_record(reader, origin, index))


def prove_answer(reader: Reader, city: str, index: int, is_officer: bool) -> Proof:
    """The proof of a registration that answered; who is no officer may see its public facets alone.

    Raises:
        NodeError: NOT_FOUND (destroyed since it answered) or UNAVAILABLE, see `prove`.
    """
    origin = reader.origin(city)
    record = read_open_record(reader, origin, index)
    return prove_record(reader, origin, record if is_officer else record.masked(public_facets()))


def read_open_record(reader: Reader, origin: Origin, index: int) -> Record:
    """A record that is not withheld and was not retracted.

    Raises:
        NodeError: NOT_FOUND.
    """
    record = reader.record(origin.number, index) if index < origin.size else None
    if record is None or not record.is_open or (origin.number == OWN and reader.is_retracted(OWN, index)):
        raise NodeError(
            Reason.NOT_FOUND,
            _(
                "record {city}-{index} is not on this node, is withheld, or was retracted",
                city=origin.city,
                index=index,
            ),
        )
    return record


def prove_record(reader: Reader, origin: Origin, record: Record) -> Proof:
    """The proof of a record under the checkpoint that most witnesses cosigned, else the newest; and under others'.

    Raises:
        NodeError: UNAVAILABLE, see `prove`.
    """
    index = record.index
    size, note = _checkpoint(reader, origin, index)
    tree = reader.tree(origin.number, size)
    return Proof(
        id=record_id(origin.city, index),
        city=origin.city,
        leaf_index=index,
        view=record.run(),
        inclusion=inclusion_proof(tree.node, index, size),
        checkpoint=note,
        also=_also(reader, origin, index, note),
    )


def _also(reader: Reader, origin: Origin, index: int, note: bytes) -> list[Standing]:
    """Where else the record stands, for the witnesses that did not cosign `note`.

    Of a log that never rests each of them cosigns another state.
    """
    standings, heard_of = [], set(witnesses_of(note))
    for cosigned in reader.checkpoints.cosigned(origin.city):
        others = set(witnesses_of(cosigned.note)) - heard_of
        if others and cosigned.size > index:
            heard_of |= others
            proof = inclusion_proof(reader.tree(origin.number, cosigned.size).node, index, cosigned.size)
            standings.append(Standing(inclusion=proof, checkpoint=cosigned.note))
    return standings


def _checkpoint(reader: Reader, origin: Origin, index: int) -> tuple[int, bytes]:
    """Size and note of the checkpoint to prove under."""
    if (best := reader.checkpoints.best_cosigned(origin.city, above=index)) is not None:
        return best.size, best.note
    if origin.whole_checkpoint is None or index >= origin.whole_size:
        # Hashes beyond the cursor are not known yet, and nobody signed the tree as far as it is.
        raise TransientError(
            Reason.UNAVAILABLE,
            _("still catching up with {city}: no signed checkpoint covers this record yet", city=origin.city),
        )
    return origin.whole_size, origin.whole_checkpoint
