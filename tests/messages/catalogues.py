"""The catalogues in node/locale/zh: one a room, sorted by msgid, without places of use, so that few edits conflict."""

import io
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from tests.messages.texts import CLICK, ROOMS, ROOT, all_texts

FOLDER = ROOT / "node" / "locale" / "zh"
_HEAD = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'


def file_of(room: str) -> Path:
    """The catalogue of a room."""
    return FOLDER / f"{room}.po"


def read(room: str) -> Catalog:
    """A room's catalogue; empty where it has none yet."""
    file = file_of(room)
    with io.BytesIO(file.read_bytes() if file.exists() else b"") as content:
        return read_po(content, locale="zh", abort_invalid=True)


def updated(room: str) -> Catalog:
    """A room's catalogue with an empty entry for every text that no catalogue has, and without texts no longer said."""
    said = {text.msgid: text.room for text in reversed(all_texts())}
    elsewhere = {str(entry.id) for other in (*ROOMS, CLICK) if other != room for entry in read(other)}
    catalogue = Catalog(locale="zh", fuzzy=False)
    for entry in read(room):
        if entry.id and entry.id in said:
            catalogue.add(entry.id, entry.string, flags=entry.flags, user_comments=entry.user_comments)
    for msgid, owner in said.items():
        if owner == room and msgid not in elsewhere and msgid not in catalogue:
            catalogue.add(msgid)
    return catalogue


def written(catalogue: Catalog) -> str:
    """The one form of a catalogue's file."""
    with io.BytesIO() as content:
        write_po(content, catalogue, width=0, omit_header=True, sort_output=True, ignore_obsolete=True)
        return _HEAD + content.getvalue().decode().strip() + "\n"
