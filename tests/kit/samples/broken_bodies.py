"""A member's records, with its real key, whose bodies are none of their standard. Generated from the declarations."""

from collections.abc import Callable, Iterator, Mapping

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from node.core.standards import standard as standards
from node.core.standards.standard import Standard
from node.storage.sqlite.log import Entry
from node.stubs.record.v1.record_pb2 import Header
from tests.kit.clock import NOW_MS
from tests.kit.stores.city import PURPOSE, City

BEYOND_MS = 2**62
_LONG = "ﷺ" * 6_000  # each is eighteen characters once it is normalised


def _every_facet(body: bytes) -> Callable[[Standard], list[bytes]]:
    return lambda standard: [body] * len(standard.facets)


def _last_facet(standard: Standard) -> list[bytes]:
    return [b""] * (len(standard.facets) - 1) + [b"\xff\xff"]


def _long_texts(standard: Standard) -> list[bytes]:
    """Two texts of the standard far longer than they may be."""
    message = standard.message_type()
    for field in _texts(message)[:2]:
        setattr(message, field, _LONG)
    for within in (each for each in message.DESCRIPTOR.fields if each.message_type and not each.is_repeated):
        inner = getattr(message, within.name)
        for field in _texts(inner)[:1]:
            setattr(inner, field, _LONG[:1_000])
    return list(standard.split(message.SerializeToString()))


def _texts(message: Message) -> list[str]:
    fields = message.DESCRIPTOR.fields
    return [each.name for each in fields if each.type == FieldDescriptor.TYPE_STRING and not each.is_repeated]


def _deep(standard: Standard) -> list[bytes]:
    """Messages within messages, deeper than any standard goes."""
    number = next((each.number for each in standard.message_type.DESCRIPTOR.fields if each.message_type), 1)
    body = b""
    for _ in range(2_000):
        body = bytes([number << 3 & 0x7F | 2]) + _varint(len(body)) + body
    return [body] * len(standard.facets)


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    return bytes((*found, number))


FAULTS: Mapping[str, Callable[[Standard], list[bytes]]] = {
    "is no message": _every_facet(b"\xff\xff"),
    "has one facet that is no message": _last_facet,
    "breaks off": _every_facet(b"\x0a\x7f" + b"x"),
    "is no UTF-8": _every_facet(b"\x0a\x02\xff\xfe"),
    "has fields unknown": _every_facet(b"\xfa\x7f\x02hi"),
    "is of another type": _every_facet(b"\x08\x01\x10\x02\x18\x03\x20\x04"),
    "goes deep": _deep,
    "is too long": _long_texts,
    "is empty": _every_facet(b""),
}


def broken_entries(city: str, subjects: tuple[str, ...]) -> Iterator[Entry]:
    """A record of every standard with every fault, of a version unknown, of no standard, and beyond the calendar."""
    for standard in standards.standards():
        for bodies in (fault(standard) for fault in FAULTS.values()):
            yield _entry(city, standard, bodies, subjects)
        yield _entry(city, standard, [b"\xff"] * len(standard.facets), subjects, version=9)
        yield _entry(city, standard, [b""], subjects)
        yield _entry(city, standard, [], subjects)
        yield _entry(city, standard, [b"\xff\xff"] * 16, subjects)
        for at_ms in (BEYOND_MS, -BEYOND_MS):
            times = {"issued_at_ms": at_ms, "as_of_ms": at_ms, "valid_until_ms": at_ms, "valid_from_ms": at_ms}
            yield _entry(city, standard, [b""] * len(standard.facets), subjects, **times)
        yield _entry(city, standard, [b"\xff"], subjects, name="listing.none")


def _entry(city: str, standard: Standard, bodies: list[bytes], subjects: tuple[str, ...], **told: object) -> Entry:
    fields = {
        "standard": told.pop("name", standard.name),
        "version": standard.version,
        "city": city,
        "issued_at_ms": NOW_MS,
    }
    fields |= {"as_of_ms": NOW_MS, "audience": ["all"], "purpose": PURPOSE, "legal_basis": "b", "subjects": subjects}
    return Entry.of(Header(**(fields | told)), bodies)  # type: ignore[arg-type]


def put(city: City, subjects: tuple[str, ...]) -> int:
    """Appends them all; returns how many."""
    entries = list(broken_entries(city.city, subjects))
    city.append(entries)
    return len(entries)
