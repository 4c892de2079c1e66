"""The policy file of a node, followed while it runs."""

from pathlib import Path
from typing import NamedTuple

from node.core.policy.policy import Policy
from node.errors import FileError, Reason
from node.folder.files import read_text
from node.messages import _
from node.usecases.exchange.enforce_policy import read_policy


class PolicyFile(NamedTuple):
    """The rules, and the text that they were read from."""

    text: str
    policy: Policy


def load_policy(city: str, path: Path) -> PolicyFile:
    """Reads and checks the rules of a city.

    Raises:
        FileError: INVALID_POLICY, with the line.
    """
    text = read_text(path, Reason.INVALID_POLICY)
    policy = read_policy(text, str(path))
    if policy.city != city:
        raise FileError(
            Reason.INVALID_POLICY,
            str(path),
            _("this policy is for {city}; this node is {own}", city=policy.city, own=city),
        )
    return PolicyFile(text, policy)
