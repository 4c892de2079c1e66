"""`gongzhi health`: what a container's health check asks."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from node.cli.main import gongzhi
from node.demo.founding import found_federation
from node.demo.nodes import Node, running
from node.errors import NodeError, Reason
from tests.kit.commands import invoke


def test_health_is_told_by_the_exit_code(tmp_path: Path) -> None:
    [config] = found_federation(tmp_path, datetime.now(UTC), ["changsha"])
    node = Node(config, tmp_path / "changsha")
    arguments = ["health", "--node", str(node.folder)]
    with running([node]) as start:
        start()
        healthy = invoke(gongzhi, *arguments)
        assert healthy.exit_code == 0, healthy.output
        assert not healthy.output
    with pytest.raises(NodeError) as refused:
        invoke(gongzhi, *arguments, catch_exceptions=False)
    assert refused.value.reason is Reason.UNAVAILABLE
