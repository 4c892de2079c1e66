"""No answer is as long as a member makes it: what repeats in one has a limit in its request. Found from descriptors.

A stream is paged by its messages; what bounds each of these is tested where it is made.
"""

from collections.abc import Iterator

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.descriptor_pool import Default

from node.bootstrap import node_role, query_role  # noqa: F401 - with them every service that is served is there
from node.rpc.services import SERVICE_KINDS

_RULES = "warnings and products of one act: as many as its declaration names"
_CASE = "one case, of which the first 2,000 acts of each peer count (`PER_SUBJECT`)"
# What repeats without a limit in the request, and what bounds it instead.
BOUNDED_OTHERWISE = {
    "ControlService.Status peers": "one a member",
    "ControlService.Status progress": "one a member that witnesses",
    "ControlService.Status alerts": "one a kind of finding and member",
    "ControlService.Status incidents": "one a freeze: a frozen member causes none until the operator releases it",
    "CaseService.Open recorded.makes": _RULES,
    "CaseService.Open recorded.warnings": _RULES,
    "CaseService.Act recorded.makes": _RULES,
    "CaseService.Act recorded.warnings": _RULES,
    "CaseService.Approve recorded.makes": _RULES,
    "CaseService.Approve recorded.warnings": _RULES,
    "CaseService.TakeUp recorded.makes": _RULES,
    "CaseService.TakeUp recorded.warnings": _RULES,
    "CaseService.TakeUp draft.warnings": _RULES,
    "CaseService.Prepare draft.warnings": _RULES,
    "CaseService.ShowDraft draft.warnings": _RULES,
    "CaseService.Inbox drafts": "what this city's own officers have prepared and nobody has approved or discarded",
    "CaseService.Scorecard scores": "one a member and rule with a limit",
    "CaseService.Show case.parties": "those that the workflow declares",
    "CaseService.Show case.next": "acts that the workflow declares",
    "CaseService.Show case.acts": _CASE,
    "CaseService.Show case.clocks": _CASE,
    "CaseService.Show case.reminders": _CASE,
    "CaseService.Show case.out_of_rule": _CASE,
    "EvidenceService.ShowCase attachments": _CASE,
    "QueryService.Verify proof.view.columns": "the facets of a standard",
    "QueryService.Verify proof.also": "one a record that replaced or took back the proven one",
    "QueryService.Prove proof.view.columns": "the facets of a standard",
    "QueryService.Prove proof.also": "one a record that replaced or took back the proven one",
}


def answers() -> Iterator[MethodDescriptor]:
    """Every method that answers with one message."""
    for service in SERVICE_KINDS:
        if service.startswith("node."):
            methods = Default().FindServiceByName(service).methods
            yield from (method for method in methods if not method.server_streaming)


def repeated(descriptor: Descriptor, way: tuple[FieldDescriptor, ...] = ()) -> Iterator[str]:
    """The way to each list of messages that is not within another list."""
    for field in descriptor.fields:
        if field.message_type and field.is_repeated:
            yield ".".join(step.name for step in (*way, field))
        elif field.message_type and field not in way:
            yield from repeated(field.message_type, (*way, field))


def limited(method: MethodDescriptor) -> set[str]:
    """What the request limits: the first list that stands in the answer itself."""
    lists = [field.name for field in method.output_type.fields if field.is_repeated and field.message_type]
    return set(lists[:1]) if "limit" in method.input_type.fields_by_name else set()


def unlimited(method: MethodDescriptor) -> set[str]:
    name = f"{method.containing_service.name}.{method.name}"
    return {f"{name} {way}" for way in set(repeated(method.output_type)) - limited(method)}


ANSWERS = list(answers())


@pytest.mark.parametrize("method", ANSWERS, ids=lambda method: method.full_name.removeprefix("node."))
def test_what_an_answer_repeats_is_limited(method: MethodDescriptor) -> None:
    assert unlimited(method) <= set(BOUNDED_OTHERWISE)


def test_every_exception_is_one() -> None:
    assert set(BOUNDED_OTHERWISE) <= set().union(*map(unlimited, ANSWERS))


def test_lists_are_found() -> None:
    lists = {way for method in ANSWERS for way in limited(method)}
    assert {"records", "cases", "clocks", "loads"} <= lists


@pytest.mark.parametrize(
    "method",
    [method for method in ANSWERS if limited(method)],
    ids=lambda method: method.full_name.removeprefix("node."),
)
def test_who_reads_a_page_learns_whether_there_is_more(method: MethodDescriptor) -> None:
    """Either the answer says so, or the request goes on behind the last one it was given."""
    assert {"next", "next_index", "more", "total"} & set(method.output_type.fields_by_name) or (
        {"after", "before"} & set(method.input_type.fields_by_name)
    )
