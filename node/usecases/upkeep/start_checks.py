"""What must be true before a node starts. Each check reads and changes nothing, and returns what is wrong.

`gongzhi run` starts nothing while anything is; `gongzhi federation check` and `gongzhi doctor` look too.
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from node.config import Config
from node.errors import FileError, NodeError, Reason
from node.folder.files import load_federation, unwritable
from node.folder.keyfile import Passphrase, environment_passphrase
from node.folder.rotation import next_path
from node.messages import _
from node.storage.sqlite.founding import check_founding
from node.storage.sqlite.soundness import is_damaged
from node.usecases.upkeep.own_keys import OWN_KEYS

_PROBE_BYTES = 64 * 1024
_DAMAGE_S = 1.5
"""For looking for damage in all databases at a start: a large one is looked at in part, `gongzhi audit` reads all."""
_DERIVED = "search.db"


def check_start(config: Config, passphrase: Passphrase = environment_passphrase) -> None:
    """Checks everything.

    Raises:
        NodeError: The first thing that is wrong.
    """
    checks = (data_errors(config), database_errors(config), key_errors(config, passphrase), founding_errors(config))
    for check in checks:
        for error in check:
            raise error


def data_errors(config: Config) -> Iterator[NodeError]:
    """Whether the data folder can be written: on a full disk or a read-only one nothing could be kept."""
    try:
        with tempfile.NamedTemporaryFile(dir=config.data_dir, prefix=".start.") as probe:
            os.posix_fallocate(probe.fileno(), 0, _PROBE_BYTES)
    except OSError as error:
        yield unwritable(config.data_dir, error)


def database_errors(config: Config, seconds: float = _DAMAGE_S) -> Iterator[NodeError]:
    """Databases with damaged pages, looked for as long as `seconds` allow."""
    deadline_s = time.monotonic() + seconds
    for path in sorted(config.data_dir.glob("*.db")):
        if is_damaged(path, deadline_s):
            cure = _("restore a backup: gongzhi restore (docs/operations.md)")
            if path.name == _DERIVED:
                cure = _("delete it: the node rebuilds it from node.db")
            yield FileError(Reason.STORAGE_CORRUPT, str(path), _("the database is damaged; {cure}", cure=cure))


def founding_errors(config: Config) -> Iterator[NodeError]:
    """Whether the data folder holds the log that was founded with these keys, and no other."""
    try:
        check_founding(config, load_federation(config.federation).member(config.city))
    except NodeError as error:
        yield error


def key_errors(config: Config, passphrase: Passphrase = environment_passphrase) -> Iterator[NodeError]:
    """Keys in use that are not on this node's own card: what they sign is believed by nobody."""
    yield from _key_errors(config, passphrase, lambda path: path)


def prepared_key_errors(config: Config, passphrase: Passphrase = environment_passphrase) -> Iterator[NodeError]:
    """Prepared keys (`gongzhi key rotate`) that are not on the card: they must not be put in use."""
    yield from _key_errors(config, passphrase, next_path)


def _key_errors(config: Config, passphrase: Passphrase, where: Callable[[Path], Path]) -> Iterator[NodeError]:
    try:
        own = load_federation(config.federation).member(config.city)
    except NodeError as error:
        yield error
        return
    for kind in OWN_KEYS:
        in_use = kind.path(config)
        path = where(in_use)
        if (kind.is_optional or path != in_use) and not path.exists():
            continue
        try:
            is_on_card = kind.is_on_card(kind.read(path, passphrase), own)
        except NodeError as error:
            yield error
            continue
        if not is_on_card:
            name = f"{path.parent.name}/{path.name}"
            yield NodeError(
                Reason.INVALID_KEY, _("{name} is not one of the {called} on the card", name=name, called=kind.called)
            )
