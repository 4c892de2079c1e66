"""Reads a workflow from its declaration, a file of `declared/`: the fields of `model.py`, and what goes without saying.

A citation is `law article`, with a `?` where a lawyer has yet to compare the number with the text. A demand and a
condition rest on the law of their act unless they name another. A demand that every workflow words alike, such as
`reasons`, is its name alone; `codes` is the code list of the standards whose codes alone a field may have.
"""

from collections.abc import Callable, Iterator, Mapping
from importlib import resources
from typing import Annotated, Any

from google.protobuf.descriptor import EnumDescriptor
from pydantic import BeforeValidator, RootModel

from node.core.document import parse_document, read_model
from node.core.law.laws import Label
from node.core.workflow.codes import code_name
from node.core.workflow.model import Carries, Choice, Workflow
from node.errors import Reason
from node.stubs.standard.v1 import alert_pb2, complaint_pb2, listing_pb2, measure_pb2, options_pb2, referral_pb2

_COMMON_NEEDS: Mapping[str, Mapping[str, Any]] = {
    "article": {"label": Label("法律依据", "legal basis with its article")},
    "document_number": {"label": Label("文书文号", "document number")},
    "officers": {
        "label": Label("两名以上执法人员及执法证号", "two officers with certificate numbers"),
        "carries": Carries.TWO_OFFICERS,
    },
    "reasons": {"label": Label("理由", "reasons")},
}
_CODE_LISTS: Mapping[str, EnumDescriptor] = {
    name: codes
    for module in (alert_pb2, complaint_pb2, listing_pb2, measure_pb2, referral_pb2)
    for name, codes in module.DESCRIPTOR.enum_types_by_name.items()
}


def read_workflow(name: str) -> Workflow:
    """The workflow that a file of `declared/` declares."""
    path = f"{name.replace('.', '_')}.yaml"
    return parse_workflow((resources.files("node.core.workflow") / "declared" / path).read_text("utf-8"), path)


def parse_workflow(text: str, path: str) -> Workflow:
    """Reads a declaration.

    Raises:
        FileError: INVALID_LEGAL_RULES, with the line that does not fit.
    """
    document = parse_document(text, path, Reason.INVALID_LEGAL_RULES)
    return read_model(document, _Declaration, Reason.INVALID_LEGAL_RULES).root


def _spell_out(workflow: Any) -> Any:
    """A declaration with what goes without saying; what is of the wrong form is left for the model to refuse."""
    return _spell_out_items(workflow, "acts", _spell_out_act)


def _spell_out_act(act: Any) -> Any:
    law = {"law": act["law"]} if isinstance(act, dict) and "law" in act else {}
    with_needs = _spell_out_items(act, "needs", lambda need: _with_law(law, _spell_out_need(need)))
    return _spell_out_items(with_needs, "guards", lambda guard: _with_law(law, guard))


def _spell_out_items(holder: Any, name: str, spell_out: Callable[[Any], Any]) -> Any:
    items = holder.get(name) if isinstance(holder, dict) else None
    return holder | {name: [spell_out(item) for item in items]} if isinstance(items, list) else holder


def _with_law(law: dict[str, Any], fields: Any) -> Any:
    return law | fields if isinstance(fields, dict) else fields


def _spell_out_need(need: Any) -> Any:
    fields = {"name": need} if isinstance(need, str) else need
    if not isinstance(fields, dict) or not isinstance(name := fields.get("name"), str):
        return fields
    codes = fields.get("codes")
    if codes is not None and str(codes) not in _CODE_LISTS:
        raise ValueError(f"{name}: no code list {codes}")
    choices = {"choices": tuple(_choices(_CODE_LISTS[codes]))} if codes else {}
    return {**_COMMON_NEEDS.get(name, {}), **{key: fields[key] for key in fields if key != "codes"}, **choices}


def _choices(codes: EnumDescriptor) -> Iterator[Choice]:
    for value in codes.values:
        if value.number:
            name, code = code_name(value), value.GetOptions().Extensions[options_pb2.code]
            label = Label(code.label_zh, code.label_en or name.replace("_", " "))
            yield Choice(name, label, Label(code.advice_zh, code.advice_en) if code.advice_zh else None)


class _Declaration(RootModel[Annotated[Workflow, BeforeValidator(_spell_out)]]):
    pass
