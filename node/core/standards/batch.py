"""The check of many bodies of one standard: what it says of each it would say of that one alone."""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from google.protobuf.message import Message

from node.core.standards.accept import Acceptance
from node.core.standards.standard import Standard
from node.core.standards.validation import Finding, options_of
from node.errors import NodeError


class CheckedBody(NamedTuple):
    """A body that a city is handed in.

    `message` is None where the body is not the standard's message: `findings` says so. `to_come` are the findings for
    the days to come that it states. `facets` are the bodies of the facets.
    """

    message: Message | None
    findings: list[Finding]
    to_come: list[Finding]
    facets: tuple[bytes, ...]


def check_batch(standard: Standard, bodies: Sequence[bytes], today: date) -> list[CheckedBody]:
    """What `parse`, `findings`, `future_findings` and `split` of a standard say of each body.

    Args:
        standard: That of all of them.
        bodies: In any number; one that is wrong costs the others a little time and nothing else.
        today: The day in Shanghai on which they are handed in.
    """
    messages = standard.rows.parse(bodies)
    if messages is not None:
        return _checked(standard, bodies, messages, today)
    right: dict[int, Message] = {}
    wrong: dict[int, CheckedBody] = {}
    for place, body in enumerate(bodies):
        try:
            right[place] = standard.parse(body)
        except NodeError as error:
            wrong[place] = CheckedBody(None, [Finding("", error.reason, error.message)], [], ())
    checked = _checked(standard, [bodies[place] for place in right], list(right.values()), today)
    by_place = wrong | dict(zip(right, checked, strict=True))
    return [by_place[place] for place in range(len(bodies))]


def _checked(
    standard: Standard, bodies: Sequence[bytes], messages: Sequence[Message], today: date
) -> list[CheckedBody]:
    doubtful = acceptance(standard, today).doubtful(messages)
    return [
        CheckedBody(message, standard.findings(message), standard.future_findings(message, today), facets)
        if place in doubtful
        else CheckedBody(message, [], [], facets)
        for place, (message, facets) in enumerate(zip(messages, standard.rows.cut(bodies), strict=True))
    ]


# Of all standards; around midnight, of two days.
@lru_cache(maxsize=64)
def acceptance(standard: Standard, today: date) -> Acceptance:
    """Which messages of a standard certainly have no finding, and state no day after `today`."""
    levels = {facet.number: facet.level for facet in standard.facets}
    return Acceptance(standard.descriptor, lambda field: levels[options_of(field).facet], today)
