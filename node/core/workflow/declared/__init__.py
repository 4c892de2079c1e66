"""Every declared workflow."""

from collections.abc import Iterator, Mapping
from functools import cache

from node.core.workflow.declaration import read_workflow
from node.core.workflow.model import Workflow
from node.errors import NodeError, Reason
from node.messages import _

_NAMES = (
    "referral",
    "complaint",
    "listing.serious",
    "listing.abnormal",
    "listing.platform",
    "listing.hit",
    "credit.repair",
    "measure.request",
    "alert",
)
_read = cache(read_workflow)


class _Workflows(Mapping[str, Workflow]):
    """Reads a workflow when it is first asked for: all of them take 0.2 s, and most commands need none."""

    def __getitem__(self, name: str) -> Workflow:
        if name not in _NAMES:
            raise KeyError(name)
        return _read(name)

    def __contains__(self, name: object) -> bool:
        return name in _NAMES

    def __iter__(self) -> Iterator[str]:
        return iter(_NAMES)

    def __len__(self) -> int:
        return len(_NAMES)


WORKFLOWS: Mapping[str, Workflow] = _Workflows()


def workflow(name: str) -> Workflow:
    """The workflow of a standard.

    Raises:
        NodeError: NOT_FOUND, no such workflow.
    """
    try:
        return WORKFLOWS[name]
    except KeyError:
        raise NodeError(
            Reason.NOT_FOUND, _("no workflow {name}; known: {WORKFLOWS}", name=name, WORKFLOWS=list(WORKFLOWS))
        ) from None
