"""A node whose store is put back to an earlier state."""

import shutil
from pathlib import Path

from tests.kit.simulator.origin import Origin
from tests.kit.simulator.towns import Country, Town


def roll_back(country: Country, city: str, to: Path) -> Town:
    """The city's node with the store that lies at `to`."""
    town = country[city]
    town.close()
    path = town.origin.path
    for each in path.parent.glob(f"{path.name}*"):
        each.unlink()
    shutil.copy(to, path)
    town.origin = Origin(path, city, town.origin.signer, town.origin.peers)
    town.open()
    return town


def snapshot(town: Town, to: Path) -> Path:
    town.store.connection.execute("VACUUM INTO ?", (str(to),))
    return to
