"""Kinds of records that are looked for by subject: one kind is found among however many records of the others."""

from enum import IntEnum

REGISTRATION = "operator.registration"
LISTINGS = ("listing.serious", "listing.abnormal", "listing.platform")
"""The standards of the three lists."""


class Kind(IntEnum):
    """What a look-up by subject is after."""

    OTHER = 0
    REGISTRATION = 1
    LISTING = 2


def kind_of(standard: str) -> Kind:
    """The kind of the records of a standard."""
    if standard == REGISTRATION:
        return Kind.REGISTRATION
    return Kind.LISTING if standard in LISTINGS else Kind.OTHER
