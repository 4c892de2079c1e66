"""A complaint is handled in one city: handed over once, by a decision that stands, and not on by who was handed it.

Judged by every node from the records it holds, of an act to come as of one that stands in a log. Of two acts of one
city that exclude each other, whoever made them at the same moment, the earlier in its log counts.
"""

from collections.abc import Iterable, Iterator

from node.core.workflow.facts import ActFact, city_of, record_order
from node.core.workflow.rules import Broken
from node.errors import Reason
from node.stubs.standard.v1.complaint_pb2 import Complaint
from node.usecases.casework.case_file import CaseFile, CaseRepository
from node.usecases.casework.origins import behind, named_by, opened
from node.usecases.casework.rules.candidate import Candidate, Knowledge
from node.usecases.casework.rules.jurisdiction import COMPLAINT, PLACE

_HAND_OVER, _PASS_ON, _TAKE_BACK, _FOLLOW_UP = "hand_over", "pass_on", "take_back", "follow_up"


def broken_by_handing_over(known: Knowledge, candidate: Candidate) -> Iterator[Broken]:
    """What an act to come of this city breaks."""
    repository, city, file, act = known.cases, known.city, candidate.file, candidate.act.name
    if act == _HAND_OVER:
        yield from _handed_on(repository, named_by(city, file), city, act)
    elif act == _TAKE_BACK:
        yield from _held(repository, file, act)
    elif act == _FOLLOW_UP and file.case.state == "handed_over" and not _is_over(repository, file):
        yield _not_over()
    elif act == _PASS_ON and isinstance(candidate.message, Complaint):
        origins = candidate.message.origins
        yield from _handed_on(repository, origins, city, act)
        for source in opened(repository, origins):
            yield from _held(repository, source, act)


def broken_by_handling(repository: CaseRepository, file: CaseFile) -> list[Broken]:
    """What the acts of a complaint break that stand in a log, as far as its other half is here."""
    if not _is_passed(file):
        return [
            demand for taken in _decisions(file, _TAKE_BACK) for demand in _held(repository, file, _TAKE_BACK, taken.id)
        ]
    city = city_of(file.id)
    origins = sorted(named_by(city, file))
    own = [origin for origin in origins if city_of(origin) == city]
    broken = [_not_on(_PASS_ON)] if own != origins else list(_handed_on(repository, own, city, _PASS_ON))
    broken += [_undecided() for source in opened(repository, own) if not _is_decided(source, file.id)]
    return broken + [demand for name in own for demand in _held_by(repository, name, name, _PASS_ON, file.id)]


def _held(repository: CaseRepository, source: CaseFile, act: str, before: str = "") -> list[Broken]:
    """What an act breaks because the other city has the complaint, by the last decision before a record, or by now."""
    decided = [
        decision.id for decision in _decisions(source, _HAND_OVER) if not before or _is_earlier(decision.id, before)
    ]
    return _held_by(repository, source.id, decided[-1], act, before) if decided else []


def _held_by(repository: CaseRepository, case: str, since: str, act: str, before: str) -> list[Broken]:
    passed = repository.drawn_from(case, COMPLAINT.name, since, before)
    held = [half.id for half in passed if _is_passed(half) and half.case.state not in ("", "returned")]
    if not held:
        return []
    zh, en = f"已移交（{held[0]}），未经退回", f"it was handed over as {held[0]}, and not given back"
    return [Broken(f"{COMPLAINT.name}.{act}.handed_over", Reason.ACT_NOT_ALLOWED, PLACE, zh, en)]


def _is_over(repository: CaseRepository, source: CaseFile) -> bool:
    """Whether the other city is done with what it was handed over, and did not give it back."""
    decided = _decisions(source, _HAND_OVER)
    passed = repository.drawn_from(source.id, COMPLAINT.name, decided[-1].id) if decided else []
    return any(_is_passed(half) and half.case.is_final and half.case.state != "returned" for half in passed)


def _not_over() -> Broken:
    zh, en = "受移交机关尚未办结", "the other city is not done with it: once it is followed up, nobody takes it back"
    return Broken(f"{COMPLAINT.name}.{_FOLLOW_UP}.handed_over", Reason.ACT_NOT_ALLOWED, PLACE, zh, en)


def _handed_on(repository: CaseRepository, origins: Iterable[str], city: str, act: str) -> Iterator[Broken]:
    """A complaint that `city` was handed by another, under whatever number it is to go on."""
    passed = (origin for origin in behind(repository, origins) if _is_passed(origin))
    if any(origin.case.situation.kept.get("to_city") == city for origin in passed):
        yield _not_on(act)


def _is_decided(source: CaseFile, passed: str) -> bool:
    """Whether the decision to hand over stood when the complaint was passed on."""
    before = [
        decision.act for decision in _decisions(source, _HAND_OVER, _TAKE_BACK) if _is_earlier(decision.id, passed)
    ]
    return before[-1:] == [_HAND_OVER]


def _decisions(file: CaseFile, *acts: str) -> list[ActFact]:
    """The acts of these kinds that stand, as they stand in the log."""
    facts = (fact for fact in file.case.in_force() if fact.act in acts)
    return sorted(facts, key=lambda fact: record_order(fact.id))


def _is_earlier(record: str, other: str) -> bool:
    return record_order(record) < record_order(other)


def _is_passed(file: CaseFile) -> bool:
    opening = file.acts.get(file.id)
    return opening is not None and opening.fact.act == _PASS_ON


def _not_on(act: str) -> Broken:
    rule = next(guard for guard in COMPLAINT.act[_HAND_OVER].guards if guard.field == "to_city")
    return Broken(f"{COMPLAINT.name}.{act}.handed_on", Reason.ACT_NOT_ALLOWED, rule.law, rule.label.zh, rule.label.en)


def _undecided() -> Broken:
    zh, en = "移交决定已先被收回", "the decision to hand it over had been taken back before"
    return Broken(f"{COMPLAINT.name}.{_PASS_ON}.origins", Reason.ACT_NOT_ALLOWED, PLACE, zh, en)
