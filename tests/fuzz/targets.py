"""Every target, by name: the one list for the tests and for `make fuzz`."""

from tests.fuzz import file_targets, peer_targets, table_targets
from tests.fuzz.target import TARGETS, Target

__all__ = ["TARGETS", "Target", "file_targets", "peer_targets", "table_targets"]
