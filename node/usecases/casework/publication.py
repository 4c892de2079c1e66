"""When a penalty was published: its case says it."""

from collections.abc import Iterable

from node.usecases.casework.case_file import CaseRepository

_STAMP = "penalty_public_on"


def published_on(repository: CaseRepository, origins: Iterable[str]) -> str:
    """The day YYYY-MM-DD on which the penalty of one of these cases was published; empty where none says so."""
    files = (repository.find(origin) for origin in origins)
    days = (file.case.situation.kept.get(_STAMP, "") for file in files if file is not None)
    return next(filter(None, days), "")
