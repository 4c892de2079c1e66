"""A city that lost its disk and comes back from a backup of earlier."""

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from node.config import load_config
from node.testing import City
from node.usecases.upkeep import backup
from tests.kit.commands import output_of


def back_up(city: City, out: Path) -> None:
    """As `gongzhi backup --with-keys`, while it runs."""
    backup.back_up(city.config, out, datetime.now(UTC), lambda *_: None, with_keys=True)


def put_back(city: City, backed_up: Path, aside: Path) -> None:
    """The stopped city's folder holds what the backup holds, and nothing else."""
    for path in city.folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    backup.restore(backed_up, aside, lambda *_: None)
    shutil.copytree(aside, city.folder, dirs_exist_ok=True)
    shutil.rmtree(aside)
    city.config = load_config(city.folder)


def take_up(city: City, peers: Sequence[City], begin: int, folder: Path) -> None:
    """What the peers hold of the stopped city's log comes back, by the documented path."""
    files = []
    for peer in peers:
        files.append(folder / f"{peer.slug}-{begin}.returned")
        output_of("peer", "return", city.slug, "--from", begin, "--out", files[-1], "--node", peer.folder)
    output_of("restore", *(part for file in files for part in ("--returned", file)), "--node", city.folder)
    output_of("restore", "--confirm", max(peer.size(city.slug) for peer in peers), "--node", city.folder)
