"""One city is rolled over to another version and back while the others run (docs/deploy.md, "Upgrade")."""

import json
from collections.abc import Iterator

import pytest

from node.demo.sample import CITIES
from tests.kit.containers.docker import Project, derived
from tests.kit.waiting import eventually

ROLLED = "changsha"
OTHERS = tuple(city for city in CITIES if city != ROLLED)
VERSION = (
    r"RUN sed -i 's/^Version: .*/Version: 99.0/' /opt/gongzhi/lib/python3*/site-packages/gongzhi-*.dist-info/METADATA"
)
MIGRATIONS = "/opt/gongzhi/lib/python3*/site-packages/node/storage/sqlite/migrations/node"
MIGRATION = f"RUN cd {MIGRATIONS} && echo 'CREATE TABLE later (x);' > m9999_later.sql"
OWN_USER = ("USER 0", "USER 10001:10001")


@pytest.fixture(scope="module")
def newer(image: str) -> Iterator[str]:
    """The next version of the program, on the same data."""
    with derived(image, OWN_USER[0], VERSION, OWN_USER[1]) as tag:
        yield tag


@pytest.fixture(scope="module")
def newer_schema(image: str) -> Iterator[str]:
    """The next version of the program, with one more migration of the store."""
    with derived(image, OWN_USER[0], VERSION, MIGRATION, OWN_USER[1]) as tag:
        yield tag


def roll(six: Project, image: str) -> None:
    """What docs/deploy.md says: one city, another image, the others left alone."""
    six.compose("up", "--detach", "--no-build", "--no-deps", ROLLED, GONGZHI_IMAGE=image)


def own(six: Project) -> tuple[int, str]:
    """Size and root of the rolled city's log, which its records still give."""
    [log] = [each for each in json.loads(six.exec(ROLLED, "gongzhi", "audit", "--json")) if each["city"] == ROLLED]
    assert (log["faults"], log["is_signed"]) == ([], True)
    now = six.status(ROLLED)
    assert log["size"] == int(now["tree_size"])
    return log["size"], str(now["root"])


def verified(six: Project, city: str) -> tuple[int, str]:
    """Size and root of the rolled city's log as another has verified it."""
    [peer] = [each for each in six.status(city)["peers"] if each["city"] == ROLLED]
    return int(peer["tree_size"]), str(peer["root"])


def await_others(six: Project) -> None:
    """Waits until every other city has verified the whole log of the rolled one."""
    log = own(six)
    eventually(
        lambda: {verified(six, city) for city in OTHERS} == {log}, f"the others have all of {ROLLED}", timeout_s=120
    )


def publish(six: Project, seed: int) -> None:
    """Ten more operators."""
    script = (
        "from pathlib import Path; from node.demo.inputs import write_input;"
        f"write_input(Path('/tmp/more.csv'), '{ROLLED}', 10, seed={seed})"
    )
    six.exec(ROLLED, "python3", "-c", script)
    six.exec(ROLLED, "gongzhi-adapter", "load", "/tmp/more.csv", "--mapping", "registry", "--identity", "/data/officer")


def running_since(six: Project) -> dict[str, str]:
    return {city: str(six.container(city)["State"]["StartedAt"]) for city in OTHERS}


def well(six: Project, version: str) -> None:
    """Waits until the rolled city is healthy, by the version it should have."""
    six.exec(ROLLED, "gongzhi", "status", "--wait", "100")
    assert version in six.exec(ROLLED, "gongzhi", "--version")


def test_a_city_is_rolled_over_and_back_while_the_others_run(six: Project, image: str, newer: str) -> None:
    before, others = own(six), running_since(six)

    roll(six, newer)
    well(six, "99.0")
    assert own(six) == before
    publish(six, seed=1)
    await_others(six)
    before = own(six)

    roll(six, image)
    well(six, "0.2")
    assert own(six) == before
    publish(six, seed=2)
    await_others(six)
    assert running_since(six) == others
    assert {peer["state"] for city in OTHERS for peer in six.status(city)["peers"]} == {"ok"}


def test_an_older_version_refuses_newer_data_in_words_and_leaves_them_alone(
    six: Project, image: str, newer_schema: str
) -> None:
    roll(six, newer_schema)
    well(six, "99.0")
    publish(six, seed=3)
    before = own(six)

    roll(six, image)
    eventually(lambda: "newer_data" in logs(six), "it says that the data are newer", timeout_s=120)
    assert "newer version (m9999_later)" in logs(six)
    assert six.health(ROLLED) != "healthy"

    roll(six, newer_schema)
    well(six, "99.0")
    assert own(six) == before
    await_others(six)


def logs(six: Project) -> str:
    """What the rolled city's container said."""
    return six.compose("logs", "--no-color", ROLLED)
