from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.intake import Node
from tests.kit.nodes.intake import Identities, Intake, make_identities, serving


@pytest.fixture(scope="session")
def identities(tmp_path_factory: pytest.TempPathFactory) -> Identities:
    return make_identities(tmp_path_factory.mktemp("identities"))


@pytest.fixture
def intake() -> Intake:
    return Intake()


@pytest.fixture
def node(identities: Identities, intake: Intake) -> Iterator[Node]:
    with serving(identities, intake) as node:
        yield node


@pytest.fixture
def registry() -> Path:
    return Path("registry")
