"""Many bodies at once, parsed and cut into facets by protobuf's own library and not one by one.

Bodies each behind its length are the wire form of a message with one repeated field, be it of bytes, of the standard's
message or of a facet: what is put together as one of these is read as another.
"""

from collections.abc import Iterable, Sequence
from functools import cached_property

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import DecodeError, Message

from node.stubs.standard.v1 import options_pb2

_FIELD = "rows"
_Declared = descriptor_pb2.FieldDescriptorProto


class Rows:
    """Reads many bodies of one message type and of its facets."""

    def __init__(self, message_type: type[Message], facet_types: Iterable[type[Message]]) -> None:
        self._message_type = message_type
        self._facet_types = tuple(facet_types)

    def parse(self, bodies: Sequence[bytes]) -> list[Message] | None:
        """The message of each body; None where a body is no such message, or has fields that it does not have."""
        try:
            rows = self._messages.FromString(_framed(bodies))
        except DecodeError:
            return None
        size = rows.ByteSize()
        rows.DiscardUnknownFields()
        return list(getattr(rows, _FIELD)) if rows.ByteSize() == size else None

    def cut(self, bodies: Sequence[bytes]) -> list[tuple[bytes, ...]]:
        """The canonical bodies of the facets of each, all of which are such messages."""
        framed = _framed(bodies)
        return list(zip(*(_only(facet, framed) for facet in self._facets), strict=True))

    # Made when they are first needed: most programs read no rows.
    @cached_property
    def _messages(self) -> type[Message]:
        return _rows_of(self._message_type)

    @cached_property
    def _facets(self) -> list[type[Message]]:
        return [_rows_of(facet_type) for facet_type in self._facet_types]


def _framed(bodies: Sequence[bytes]) -> bytes:
    return _BODIES(**{_FIELD: bodies}).SerializeToString()


def _only(facet: type[Message], framed: bytes) -> Iterable[bytes]:
    """What a facet has of each body."""
    rows = facet.FromString(framed)
    rows.DiscardUnknownFields()
    bodies: Iterable[bytes] = getattr(_BODIES.FromString(rows.SerializeToString(deterministic=True)), _FIELD)
    return bodies


def facet_type(descriptor: Descriptor, number: int) -> type[Message]:
    """The message type that declares only one facet's fields: parsing with it leaves the rest unknown."""
    message = descriptor_pb2.DescriptorProto(name=f"{descriptor.name}Facet{number}")
    message.field.extend(_declarations(descriptor, number))
    for field in message.field:
        if field.HasField("oneof_index"):
            # A oneof of its own keeps the field's presence; its fellows may be in another facet.
            field.oneof_index, field.proto3_optional = len(message.oneof_decl), True
            message.oneof_decl.add(name=f"_{field.name}")
    file = descriptor.file
    imports = [file.name, *(imported.name for imported in file.dependencies)]
    return _made(message, f"{file.name}/{message.name}", f"{file.package}.facet", imports)


def _declarations(descriptor: Descriptor, facet: int) -> list[descriptor_pb2.FieldDescriptorProto]:
    whole = descriptor_pb2.DescriptorProto()
    descriptor.CopyToProto(whole)
    return [
        declared
        for field, declared in zip(descriptor.fields, whole.field, strict=True)
        if field.GetOptions().Extensions[options_pb2.field].facet == facet
    ]


def _rows_of(message_type: type[Message] | None) -> type[Message]:
    """The message type of one repeated field, of messages of a type; of bytes where none is stated."""
    message = descriptor_pb2.DescriptorProto(name="Rows")
    field = message.field.add(name=_FIELD, number=1, label=_Declared.LABEL_REPEATED)
    if message_type is None:
        field.type = _Declared.TYPE_BYTES
        return _made(message, "node/standard/rows", "node.standard.rows", [])
    of = message_type.DESCRIPTOR
    message.name = f"{of.name}Rows"
    field.type, field.type_name = _Declared.TYPE_MESSAGE, f".{of.full_name}"
    return _made(message, f"{of.file.name}/{message.name}", f"{of.file.package}.rows", [of.file.name])


def _made(message: descriptor_pb2.DescriptorProto, file: str, package: str, imports: list[str]) -> type[Message]:
    declared = descriptor_pb2.FileDescriptorProto(
        name=file, package=package, dependency=imports, message_type=[message], syntax="proto3"
    )
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(declared.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{message.name}"))


_BODIES = _rows_of(None)
