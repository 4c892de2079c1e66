"""Proves one record: its view, its place in the log's tree, and the checkpoint its city signed."""

from node.core.answer import public_facets
from node.core.log.cosignature import witnesses_of
from node.core.log.merkle import inclusion_proof
from node.core.log.record import mask, parse_record_id
from node.errors import NodeError, Reason, TransientError
from node.messages import _
from node.storage.sqlite.log import OWN
from node.storage.sqlite.reader import Reader
from node.storage.sqlite.store import Origin
from node.stubs.query.v1.query_pb2 import Proof, Standing
from node.stubs.record.v1.record_pb2 import View
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
    return prove_view(reader, origin, index, read_open_view(reader, origin, index))


def prove_publicly(reader: Reader, city: str, index: int, view: View) -> Proof:
    """The proof of a record for one who may see its public facets alone.

    Raises:
        NodeError: UNAVAILABLE, see `prove`.
    """
    shown = View()
    shown.CopyFrom(view)
    mask(shown, public_facets())
    return prove_view(reader, reader.origin(city), index, shown)


def read_open_view(reader: Reader, origin: Origin, index: int) -> View:
    """The stored view of a record that is not withheld and was not retracted.

    Raises:
        NodeError: NOT_FOUND.
    """
    rows = reader.records(origin.number, index, index + 1) if index < origin.size else []
    if not rows or rows[0][2] is None or (origin.number == OWN and reader.retracted(index, index + 1)):
        raise NodeError(
            Reason.NOT_FOUND,
            _(
                "record {city}-{index} is not on this node, is withheld, or was retracted",
                city=origin.city,
                index=index,
            ),
        )
    return View.FromString(rows[0][2])


def prove_view(reader: Reader, origin: Origin, index: int, view: View) -> Proof:
    """The proof of a view under the checkpoint that most witnesses cosigned, else the newest; and under others'.

    Raises:
        NodeError: UNAVAILABLE, see `prove`.
    """
    size, note = _checkpoint(reader, origin, index)
    tree = reader.tree(origin.number, size)
    return Proof(
        id=f"{origin.city}-{index}",
        city=origin.city,
        leaf_index=index,
        view=view,
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
