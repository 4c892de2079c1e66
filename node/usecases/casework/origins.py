"""What a case came from: what its acts name, and what that came from in turn, as far as it is here."""

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice

from node.core.log.record import is_record_id
from node.core.workflow.facts import city_of
from node.usecases.casework.act_record import ActRecord
from node.usecases.casework.case_file import CaseFile, CaseRepository

# Cases looked at behind one: who names more, names them in vain.
_BEHIND = 200
# Record ids looked up for that; most of what a liar names is not here.
_LOOKED_UP = 2_000


def behind(repository: CaseRepository, origins: Iterable[str]) -> Iterator[CaseFile]:
    """The cases that `origins` name, and those that they came from."""
    return islice(_all_behind(repository, origins), _BEHIND)


def named_by(city: str, file: CaseFile) -> set[str]:
    """Record ids that the acts of a city name as origins of a case."""
    named = {origin for act in file.acts.values() if act.header.city == city for origin in _origins(act)}
    return {name for name in named if is_record_id(name)}


def opened(repository: CaseRepository, cases: Iterable[str]) -> Iterator[CaseFile]:
    """Those of `cases` that are here."""
    return (file for case in cases if (file := repository.find(case)) is not None)


def is_here(repository: CaseRepository, record: str) -> bool:
    """Whether this node may see a record, or any act of the case that it opened."""
    return repository.record(record) is not None or any(opened(repository, [record]))


def _all_behind(repository: CaseRepository, origins: Iterable[str]) -> Iterator[CaseFile]:
    waiting, seen = deque(sorted(origins)), set[str]()
    while waiting and len(seen) < _LOOKED_UP:
        origin = waiting.popleft()
        if origin not in seen:
            seen.add(origin)
            for file in opened(repository, [origin]):
                yield file
                waiting += sorted(named_by(city_of(origin), file))  # what another city adds says nothing of this one


def _origins(act: ActRecord) -> Iterable[str]:
    return getattr(act.body, "origins", ())
