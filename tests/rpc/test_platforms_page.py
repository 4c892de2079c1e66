"""docs/platforms.md says what a platform finds where."""

import re
from pathlib import Path

from node.core.clients import Kind
from node.rpc.services import LISTENERS, SERVICE_KINDS
from node.storage.bundle import SERVICES

PAGE = (Path(__file__).parents[2] / "docs" / "platforms.md").read_text("utf-8")


def test_the_page_lists_every_service_that_answers_a_platform() -> None:
    rows = re.findall(r"^\| ([a-z, ]+) \| `(node\.[\w.]+)` \|", PAGE, re.MULTILINE)
    listed = {(listener, service) for listeners, service in rows for listener in listeners.split(", ")}
    served = {
        (listener, service)
        for listener in SERVICES[Kind.PLATFORM]
        for service in LISTENERS[listener]
        if service.startswith("node.") and Kind.PLATFORM in SERVICE_KINDS[service]
    }
    assert listed == served
