"""Numbers 文号 that a city gives its letters and the cases it files: in two cases, one identifies neither."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from node.core.standards import standard as standards
from node.core.workflow.facts import ActFact


class OwnNumber(NamedTuple):
    """A number as a city states it in a field of a workflow's standard."""

    city: str
    workflow: str
    field: str
    number: str


def own_numbers(workflow: str, fact: ActFact) -> Iterator[OwnNumber]:
    """The numbers that an act of a city states; a platform gives none."""
    for field in standards.get(workflow).own_numbers if not fact.platform else ():
        if number := fact.fields.get(field.path):
            yield OwnNumber(fact.city, workflow, field.path, number)


def numbers_in_force(workflow: str, facts: Iterable[ActFact]) -> frozenset[OwnNumber]:
    """The numbers of a case: of each field what each city stated last."""
    newest = {(number.city, number.field): number for fact in facts for number in own_numbers(workflow, fact)}
    return frozenset(newest.values())
