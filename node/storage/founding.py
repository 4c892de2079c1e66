"""Founds a node: its folder, and in it the log."""

from datetime import datetime
from pathlib import Path

from node.config import Config, load_config
from node.folder.clock import SystemClock
from node.folder.founding import Plan, new_folder
from node.storage.sqlite.founding import found_log


def found_node(folder: Path, plan: Plan, now: datetime, passphrase: bytes | None = None) -> Config:
    """Makes a node's folder with an empty log.

    Raises:
        FileError: INVALID_CONFIG, the folder is a node already; INVALID_KEY, it holds keys; INVALID_ARGUMENT, a log.
        NodeError: INVALID_FEDERATION, the city is a member of the federation file already.
    """
    with new_folder(folder, plan, now, passphrase) as config:
        found_log(config, SystemClock(), lambda: passphrase)
    return load_config(folder)
