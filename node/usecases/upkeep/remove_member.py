"""A city leaves the federation: what goes with it, and what stays (docs/operations.md, "A city leaves")."""

from pathlib import Path
from typing import NamedTuple

from node.config import Config
from node.core.law.calendar import Calendar
from node.core.members.federation import Federation, Member
from node.core.members.federation_file import format_card
from node.errors import NodeError, Reason
from node.folder.files import load_federation, save_federation
from node.messages import _
from node.storage.sqlite.reader import Reader
from node.usecases.casework.case_index import CaseIndex
from node.whole_file import write_file

_FOLDER = "former"


class Leaving(NamedTuple):
    """What a removal means here.

    Attributes:
        records: of its log that this node holds, those withheld among them.
        platforms: that are connected to its node alone: nobody acts in their name here any more.
        cases: open ones in which it takes part; they stay open and can be finished here.
        card: where its card is kept, so that old proofs can still be checked.
    """

    member: Member
    records: int
    platforms: tuple[str, ...]
    cases: tuple[str, ...]
    card: Path


def leaving(config: Config, calendar: Calendar, city: str) -> Leaving:
    """What the removal of a member would mean; changes nothing.

    Raises:
        NodeError: NOT_FOUND, no member; INVALID_ARGUMENT, this city itself.
    """
    if city == config.city:
        raise NodeError(Reason.INVALID_ARGUMENT, _("a node cannot remove itself"))
    federation = load_federation(config.federation)
    member = federation.member(city)
    reader = Reader(config.node_db) if config.node_db.exists() else None
    origin = reader.find_origin(city) if reader else None
    return Leaving(
        member,
        origin.size if origin else 0,
        tuple(platform.name for platform in member.platforms),
        _open_cases(reader, calendar, federation, city) if reader else (),
        config.federation.parent / _FOLDER / f"{city}.card.yaml",
    )


def remove_member(config: Config, calendar: Calendar, city: str) -> Leaving:
    """Removes a member; a running node follows by itself. Its card is kept.

    Raises:
        NodeError: As `leaving`, or the federation file cannot be written.
    """
    removal = leaving(config, calendar, city)
    removal.card.parent.mkdir(mode=0o700, exist_ok=True)
    write_file(removal.card, format_card(removal.member).encode())
    save_federation(config.federation, load_federation(config.federation).without(city))
    return removal


def _open_cases(reader: Reader, calendar: Calendar, federation: Federation, city: str) -> tuple[str, ...]:
    cases = CaseIndex(reader, calendar, lambda: federation).summaries()
    return tuple(sorted(case.id for case in cases if not case.is_final and city in case.parties.values()))
