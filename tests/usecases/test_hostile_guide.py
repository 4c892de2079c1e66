"""docs/hostile-peers.md says of every lie what it is caught as."""

from pathlib import Path

from tests.kit.simulator.lies import LIES
from tests.kit.simulator.lies.below import BACKED_OFF, FROZEN
from tests.kit.simulator.lies.revisions import LIES as REVISION_LIES

GUIDE = (Path(__file__).parents[2] / "docs" / "hostile-peers.md").read_text("utf-8")


def test_every_lie_stands_in_the_guide() -> None:
    told = {(lie.name.replace("_", " "), lie.reason) for lie in LIES}
    told |= {(name, reason) for table in (REVISION_LIES, FROZEN, BACKED_OFF) for name, (reason, _) in table.items()}
    assert not [f"| {name} | `{reason}` |" for name, reason in told if f"| {name} | `{reason}` |" not in GUIDE]
