"""The databases that a node can keep its log and its replicas in: what tests/contract/ runs on, one entry for each."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from node.ports import Clock, Signer
from node.storage.sqlite.store import Store

Backend = Callable[[Path, str, Signer, Clock], Store]
"""(where, city, signer, clock) -> the city's store, opened for writing."""

BACKENDS: Mapping[str, Backend] = MappingProxyType({"sqlite": Store})
