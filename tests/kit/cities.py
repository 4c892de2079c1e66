"""Settings of six cities that share one process."""

from collections.abc import Mapping
from typing import Any

from node.testing.cluster import SETTINGS

UNHURRIED: Mapping[str, Any] = {**SETTINGS, "sync": {**SETTINGS["sync"], "interval_s": 3.0}}
"""Each pulls from each every 3 s: by the second, on a busy machine, thirty pulls leave no time for the test itself."""
