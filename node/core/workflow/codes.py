"""Codes of the standards' code lists as the workflows name them: `REFERRAL_KIND_CASE` is "case"."""

import re

from google.protobuf.descriptor import EnumDescriptor, EnumValueDescriptor

_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def code_name(value: EnumValueDescriptor) -> str:
    """Name of a code without that of its list, in lower case."""
    enum: EnumDescriptor = value.type
    prefix = _WORD.sub("_", enum.name).upper() + "_"
    return value.name.removeprefix(prefix).lower()
