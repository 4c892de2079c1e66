"""The parts of an .xlsx workbook around its sheets: which there are, the shared texts, what is shown as a date.

Source: ECMA-376 (ISO/IEC 29500), transitional and strict. Only what a table needs; macros, links and formulas are
never looked at.
"""

import posixpath
from array import array
from typing import IO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

from node.messages import Message, _
from node.tables.allowance import Allowance
from node.tables.cell_texts import Shown, shown_as, unescaped
from node.tables.raw_row import Sheet
from node.tables.unfit import NoTableError, damaged, too_much
from node.tables.xml_part import Handler, local, walk

PART_ERRORS = (BadZipFile, NotImplementedError, RuntimeError)
"""What zipfile raises for an archive that is damaged, packed in an uncommon way or encrypted."""

_MAX_PARTS = 10_000
_MAX_SHEETS = 1_000
_MAX_FORMATS = 1 << 16
_MAX_STRINGS = 1 << 24
_MAX_STRING_BYTES = 256 << 20
_CONTENTS = "[Content_Types].xml"
_OTHERS = {  # with what to do
    "xl/workbook.bin": _("this is a binary workbook (.xlsb); save it as .xlsx"),
    "content.xml": _("this is an OpenDocument file (.ods); save it as .xlsx"),
    "word/document.xml": _("this is a text document (.docx); copy its table into a spreadsheet"),
    "ppt/presentation.xml": _("this is a presentation (.pptx), not a workbook"),
    "xl/worksheets/": damaged(_("it lacks its list of sheets")),
}


class Strings:
    """The texts that cells share. Kept as bytes: a large workbook has millions."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._ends = array("Q", [0])

    def __len__(self) -> int:
        return len(self._ends) - 1

    def add(self, text: str) -> None:
        """Adds the next text."""
        self._bytes += text.encode("utf-8", "surrogatepass")
        self._ends.append(len(self._bytes))
        if len(self._bytes) > _MAX_STRING_BYTES or len(self) > _MAX_STRINGS:
            raise NoTableError(_("the workbook has more text than fits into memory; save the sheet as CSV"))

    def get(self, index: int) -> str:
        """A text by its number.

        Raises:
            NoTableError: There is none of that number.
        """
        if not 0 <= index < len(self):
            raise NoTableError(damaged(_("a cell has no text")))
        return self._bytes[self._ends[index] : self._ends[index + 1]].decode("utf-8", "surrogatepass")


class Book:
    """An open workbook: its sheets, shared texts and formats."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        """Reads everything but the sheets.

        Args:
            file: The workbook.
            size: Of the file in bytes.

        Raises:
            NoTableError: No workbook, or one that would fill the memory.
            BadZipFile: And the other PART_ERRORS.
        """
        self._archive = ZipFile(file)
        entries = self._archive.infolist()
        # No more than an entry claims is ever unpacked of it.
        Allowance(size).spend(sum(entry.file_size for entry in entries))
        self._names = {entry.filename.replace("\\", "/").casefold(): entry.filename for entry in entries}
        # Other ways of compressing unpack without a bound.
        if any(entry.compress_type not in {ZIP_STORED, ZIP_DEFLATED} for entry in entries):
            raise NoTableError(damaged(_("it is compressed in a way that no workbook uses")))
        if len(entries) > _MAX_PARTS:
            raise NoTableError(too_much(_("the archive holds too many files for a workbook")))
        main = next(
            (part for kind, part in self._related("").values() if kind == "officeDocument" and self.has(part)), ""
        )
        if _CONTENTS.casefold() not in self._names or not main:
            raise NoTableError(self._other())
        if main.casefold() in _OTHERS:
            raise NoTableError(_OTHERS[main.casefold()])
        about, related = _About(), self._related(main)
        self.read(main, about)
        self.counts_from_1904 = about.counts_from_1904
        parts = {key: part for key, (kind, part) in related.items() if kind == "worksheet"}
        self.sheets = [Sheet(name, parts[key]) for name, key in about.sheets if key in parts and self.has(parts[key])]
        if len({sheet.part for sheet in self.sheets}) < len(self.sheets):
            raise NoTableError(damaged(_("two sheets have the same content")))
        by_kind = {kind: part for kind, part in related.values() if self.has(part)}
        strings, styles = _StringTable(), _Styles()
        if part := by_kind.get("sharedStrings"):
            self.read(part, strings)
        if part := by_kind.get("styles"):
            self.read(part, styles)
        self.strings, self.shown = strings.strings, styles.shown

    def has(self, part: str) -> bool:
        """Whether there is such a part."""
        return part.casefold() in self._names

    def open(self, part: str) -> IO[bytes]:
        """Opens a part that there is."""
        return self._archive.open(self._names[part.casefold()])

    def read(self, part: str, handler: Handler) -> None:
        """Reads a whole part."""
        with self.open(part) as file:
            for _chunk in walk(file, handler):
                pass

    def _related(self, part: str) -> dict[str, tuple[str, str]]:
        """What a part refers to: by id the kind and the part."""
        folder, name = posixpath.split(part)
        relations = _Relations(folder)
        of_part = posixpath.join(folder, "_rels", f"{name}.rels")
        if self.has(of_part):
            self.read(of_part, relations)
        return relations.parts

    def _other(self) -> Message:
        """What an archive is that is no workbook."""
        known = (text for mark, text in _OTHERS.items() if any(name.startswith(mark) for name in self._names))
        return next(known, _("this is an archive, not a workbook; unpack it first"))


class _Relations(Handler):
    def __init__(self, folder: str) -> None:
        self.parts: dict[str, tuple[str, str]] = {}
        self._folder = folder

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name != "Relationship" or attributes.get("TargetMode") == "External":
            return
        target = attributes.get("Target", "").replace("\\", "/")
        part = target.lstrip("/") if target.startswith("/") else posixpath.join(self._folder, target)
        self.parts[attributes.get("Id", "")] = (
            attributes.get("Type", "").rpartition("/")[2],
            posixpath.normpath(part),
        )
        if len(self.parts) > _MAX_PARTS:
            raise NoTableError(too_much(_("the archive holds too many files for a workbook")))


class _About(Handler):
    """`xl/workbook.xml`."""

    def __init__(self) -> None:
        self.counts_from_1904 = False
        self.sheets: list[tuple[str, str]] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "workbookPr":
            self.counts_from_1904 = attributes.get("date1904", "0") in {"1", "true"}
        elif name == "sheet":
            key = next((value for each, value in attributes.items() if ":" in each and local(each) == "id"), "")
            self.sheets.append((unescaped(attributes.get("name", "")), key))
            if len(self.sheets) > _MAX_SHEETS:
                raise NoTableError(too_much(_("more sheets than a workbook has")))


class _Styles(Handler):
    """`xl/styles.xml`: as what each style of cells shows a number."""

    def __init__(self) -> None:
        self.shown: list[Shown] = []
        self._formats: dict[int, Shown] = {}
        self._in_cells = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "numFmt":
            number = _integer(attributes.get("numFmtId", ""))
            self._formats[number] = shown_as(number, attributes.get("formatCode", ""))
        elif name == "cellXfs":
            self._in_cells = True
        elif name == "xf" and self._in_cells:
            number = _integer(attributes.get("numFmtId", "0"))
            self.shown.append(self._formats.get(number) or shown_as(number))
        if len(self.shown) + len(self._formats) > _MAX_FORMATS:
            raise NoTableError(too_much(_("more cell formats than a workbook has")))

    def end(self, name: str) -> None:
        if name == "cellXfs":
            self._in_cells = False


class _StringTable(Handler):
    """`xl/sharedStrings.xml`."""

    def __init__(self) -> None:
        self.strings = Strings()
        self._pieces: list[str] = []
        self._takes = self._is_reading_aid = False

    def start(self, name: str, _: dict[str, str]) -> None:
        if name == "si":
            self._pieces = []
        elif name == "rPh":
            self._is_reading_aid = True
        self._takes = name == "t" and not self._is_reading_aid

    def end(self, name: str) -> None:
        self._takes = False
        if name == "rPh":
            self._is_reading_aid = False
        elif name == "si":
            self.strings.add(unescaped("".join(self._pieces)))

    def text(self, text: str) -> None:
        if self._takes:
            self._pieces.append(text)


def _integer(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
