"""Adds what is missing to catalogues and takes out what is no longer said; fill in each empty msgstr then.

Usage: .ci/messages [ROOM...]        (cli, core, ...; all by default)
"""

import sys

from tests.messages.catalogues import file_of, updated, written
from tests.messages.texts import CLICK, ROOMS


def main(rooms: list[str]) -> None:
    """Updates the catalogues of rooms and says how many texts wait for a translation."""
    for room in rooms or (*ROOMS, CLICK):
        catalogue = updated(room)
        entries = [entry for entry in catalogue if entry.id]
        if entries or file_of(room).exists():
            file_of(room).write_text(written(catalogue), "utf-8")
        sys.stdout.write(f"{room}: {len(entries)} texts, {sum(not entry.string for entry in entries)} to translate\n")


if __name__ == "__main__":
    main(sys.argv[1:])
