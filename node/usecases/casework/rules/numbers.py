"""Document numbers: one that this city gave stands in one case."""

from collections.abc import Iterator

from node.core.law.laws import accord
from node.core.workflow.own_numbers import own_numbers
from node.core.workflow.rules import Broken
from node.usecases.casework.rules.candidate import Candidate, Knowledge


def broken_by_number(known: Knowledge, candidate: Candidate) -> Iterator[Broken]:
    """A number that another case has."""
    for number in own_numbers(candidate.file.workflow.name, candidate.fact):
        if others := sorted(known.case_index.cases_with(number) - {candidate.file.id}):
            zh, en = f"该文号已用于案件{others[0]}", f"this number stands in case {others[0]} already"
            yield candidate.breaks(number.field, accord(), zh, en)
