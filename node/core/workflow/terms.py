"""The words declarations are written in."""

from google.protobuf.descriptor import EnumDescriptor

from node.core.law.laws import Citation, Label
from node.core.workflow.codes import code_name
from node.core.workflow.model import (
    Carries,
    Choice,
    DeadlineEffect,
    Effect,
    Makes,
    Need,
    Only,
    Product,
    State,
)
from node.stubs.standard.v1 import options_pb2


def state(name: str, zh: str, en: str, *, final: bool = False) -> State:
    """A state and its names."""
    return State(name, Label(zh, en), final)


def carry(name: str, zh: str, en: str, law: Citation, codes: EnumDescriptor | None = None) -> Need:
    """A field that must not be empty; with `codes`, of no other code than the standard lists."""
    return Need(name, Label(zh, en), law, choices=_choices(codes) if codes else ())


def _choices(codes: EnumDescriptor) -> tuple[Choice, ...]:
    values = (
        (code_name(value), value.GetOptions().Extensions[options_pb2.code]) for value in codes.values if value.number
    )
    return tuple(
        Choice(
            name,
            Label(code.label_zh, code.label_en or name.replace("_", " ")),
            Label(code.advice_zh, code.advice_en) if code.advice_zh else None,
        )
        for name, code in values
    )


def city(name: str, zh: str, en: str, law: Citation) -> Need:
    """A field that names a city which is party to the case."""
    return Need(name, Label(zh, en), law, Carries.CITY)


def document(title: str, en: str, law: Citation) -> Need:
    """A document with this title, by number or digest."""
    return Need(title, Label(title, en), law, Carries.DOCUMENT)


def two_officers(law: Citation) -> Need:
    """At least two officers, each with a certificate number of their own."""
    return Need(
        "officers",
        Label("两名以上执法人员及执法证号", "two officers with certificate numbers"),
        law,
        Carries.TWO_OFFICERS,
    )


def article(law: Citation) -> Need:
    """The provision that the act rests on."""
    return carry("article", "法律依据", "legal basis with its article", law)


def reasons(law: Citation) -> Need:
    """Why, in words that can be served on the person concerned."""
    return carry("reasons", "理由", "reasons", law)


def number(law: Citation) -> Need:
    """The number of the document that the act is."""
    return carry("document_number", "文书文号", "document number", law)


def starts(rule: str, only: Only | None = None) -> DeadlineEffect:
    """Starts the deadline of a legal rule."""
    return DeadlineEffect(Effect.START, rule, only=only)


def stops(rule: str, only: Only | None = None) -> DeadlineEffect:
    """Stops it: what was due is done."""
    return DeadlineEffect(Effect.STOP, rule, only=only)


def suspends(rule: str, cause: str) -> DeadlineEffect:
    """Time does not count from here, for one of the causes the rule names."""
    return DeadlineEffect(Effect.SUSPEND, rule, cause)


def resumes(rule: str, cause: str) -> DeadlineEffect:
    """Time counts again."""
    return DeadlineEffect(Effect.RESUME, rule, cause)


def extends(rule: str, only: Only | None = None) -> DeadlineEffect:
    """Adds the extension that the rule allows."""
    return DeadlineEffect(Effect.EXTEND, rule, only=only)


def drafts(standard: str) -> Makes:
    """Prepares a record that an officer has yet to decide on."""
    return Makes(Product.DRAFT, standard)


def records(standard: str) -> Makes:
    """Makes a record."""
    return Makes(Product.RECORD, standard)


def retracts(standard: str) -> Makes:
    """Retracts a record: it makes peers destroy its values."""
    return Makes(Product.RETRACTION, standard)
