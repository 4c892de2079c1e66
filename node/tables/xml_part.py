"""XML of a workbook's part, read piece by piece: the memory is bounded and the work linear, whatever stands in it."""

from collections.abc import Iterator
from typing import IO
from xml.parsers import expat

from node.messages import _
from node.tables.unfit import NoTableError, damaged, too_much

MAX_DEPTH = 64
MAX_TAG_BYTES = 1 << 20
"""Of one tag with its attributes, or a comment. The parser looks at an unfinished one again with every chunk."""
_CHUNK_BYTES = 1 << 14


class Handler:
    """What makes something of the elements. Names come without their prefix: a strict workbook has other namespaces."""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""

    def end(self, name: str) -> None:
        """An element ends."""

    def text(self, text: str) -> None:
        """A piece of the text within the element at hand."""


def walk(part: IO[bytes], handler: Handler) -> Iterator[None]:
    """Hands a part over to a handler; stops for a moment after each chunk.

    Raises:
        NoTableError: It is no XML, declares entities, is too deep or has a tag without end.
        Exception: What the handler raises.
    """
    guard = _Guard(handler)
    fed = 0
    try:
        while chunk := part.read(_CHUNK_BYTES):
            guard.parser.Parse(chunk, False)
            fed += len(chunk)
            if fed - max(guard.parser.CurrentByteIndex, 0) > MAX_TAG_BYTES:
                raise NoTableError(too_much(_("the workbook has a tag without end")))
            yield
        guard.parser.Parse(b"", True)
    except expat.ExpatError:
        raise NoTableError(damaged(_("a part of the workbook is not XML"))) from None
    yield


def local(name: str) -> str:
    """A name without its prefix."""
    return name.rpartition(":")[2]


class _Guard:
    def __init__(self, handler: Handler) -> None:
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        if type(handler).text is not Handler.text:
            self.parser.CharacterDataHandler = handler.text
        self.parser.StartDoctypeDeclHandler = self._declare
        self._begin, self._finish = handler.start, handler.end
        self._depth = 0

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise NoTableError(too_much(_("the workbook nests elements too deeply")))
        self._begin(local(name) if ":" in name else name, attributes)

    def _end(self, name: str) -> None:
        self._depth -= 1
        self._finish(local(name) if ":" in name else name)

    def _declare(self, *_names: object) -> None:
        raise NoTableError(damaged(_("a workbook declares no document type")))
