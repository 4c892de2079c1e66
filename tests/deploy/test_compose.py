"""Six cities and one city by docker-compose: the files, and what stands when they are up."""

import json
import shutil
import sysconfig
from pathlib import Path
from typing import Any

import pytest
import yaml

from node.demo.inputs import write_input
from node.demo.sample import CITIES
from tests.kit.containers.compose import COMPOSE
from tests.kit.containers.docker import Project, run
from tests.kit.waiting import eventually

FILES = ("compose.yml", "compose.single.yml")
NODES = tuple(CITIES)
# Prints which of the addresses given can be connected to.
KNOCK = """
import socket, sys
for address in sys.argv[1:]:
    host, port = address.split(":")
    try:
        socket.create_connection((host, int(port)), 3).close()
        print(address)
    except OSError:
        pass
"""


def services(file: str) -> dict[str, dict[str, Any]]:
    return dict(yaml.safe_load((COMPOSE / file).read_text("utf-8"))["services"])


def every_service() -> list[Any]:
    return [pytest.param(each, id=f"{file}-{name}") for file in FILES for name, each in services(file).items()]


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("compose", ["docker-compose", "docker compose"])
def test_the_files_are_valid(file: str, compose: str) -> None:
    if not _is_there(compose):
        pytest.skip(f"there is no `{compose}` on this machine")
    profiles = ("--profile", "monitoring", "--profile", "command")
    run(*compose.split(), *profiles, "--file", COMPOSE / file, "config", "--quiet")


def _is_there(compose: str) -> bool:
    program, *command = compose.split()
    if shutil.which(program) is None:
        return False
    return "version" in run(program, *command, "version", codes=(0, 1, 125)).lower()


@pytest.mark.parametrize("service", every_service())
def test_every_service_is_confined(service: dict[str, Any]) -> None:
    is_grafana = service["image"].startswith("${GRAFANA")  # keeps plugins beside its program
    assert service.get("read_only", False) is not is_grafana
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert set(service.get("cap_add", [])) <= ({"CHOWN", "SETGID", "SETUID"} if "user" in service else set())
    assert "privileged" not in service
    assert "mem_limit" in service
    assert "pids_limit" in service


@pytest.mark.parametrize("service", every_service())
def test_ports_are_published_on_loopback_alone(service: dict[str, Any]) -> None:
    for port in service.get("ports", []):
        assert port.startswith("127.0.0.1:") or ":-127.0.0.1}:" in port


def test_nothing_of_the_six_is_published_but_the_dashboard() -> None:
    assert [name for name, each in services("compose.yml").items() if "ports" in each] == ["grafana"]


@pytest.mark.parametrize("city", NODES)
def test_a_city_is_healthy(six: Project, city: str) -> None:
    eventually(lambda: six.health(city) == "healthy", f"{city} is healthy", timeout_s=120)


def test_they_exchange_records(six: Project) -> None:
    assert six.container("records")["State"]["ExitCode"] == 0
    eventually(lambda: _is_settled(six), "each has what every other published", timeout_s=120)
    assert all(size > 40 for size in own_sizes(six).values())
    six.exec("wuhan", "gongzhi", "audit")


def test_a_listener_is_found_in_its_own_network_alone(six: Project) -> None:
    def knocks(city: str, *addresses: str) -> list[str]:
        return six.exec(city, "python3", "-c", KNOCK, *addresses).split()

    ports = (7100, 7101, 7102, 7103, 7104)
    shared = [f"changsha.{network}:{port}" for network in ("federation", "monitoring") for port in ports]
    own = [f"changsha.platforms:{port}" for port in ports]
    assert knocks("wuhan", *shared) == ["changsha.federation:7100", "changsha.monitoring:7104"]
    assert knocks("wuhan", own[3]) == []
    assert knocks("changsha", *own) == ["changsha.platforms:7101", "changsha.platforms:7103"]


@pytest.mark.parametrize("city", ["changsha", "nanchang"])
def test_secrets_are_files_that_the_node_alone_can_read_and_cannot_write(six: Project, city: str) -> None:
    modes = six.exec(city, "stat", "-c", "%a %u %n", "/data/keys/log.key", "/data/keys/tls.pem").splitlines()
    assert modes == ["600 10001 /data/keys/log.key", "600 10001 /data/keys/tls.pem"]
    six.exec(city, "touch", "/data/keys/log.key", codes=(1,))
    environment = json.dumps(six.container(city)["Config"]["Env"])
    assert "KEY" not in environment.upper()


def test_up_again_changes_nothing(six: Project) -> None:
    before = {city: six.container(city)["Id"] for city in NODES}
    six.compose("up", "--detach", "--no-build")
    assert {city: six.container(city)["Id"] for city in NODES} == before
    assert six.container("found")["State"]["ExitCode"] == 0


def own_sizes(six: Project) -> dict[str, int]:
    """Records of each city's own log."""
    return {city: int(six.status(city)["tree_size"]) for city in NODES}


def _is_settled(six: Project) -> bool:
    sizes = own_sizes(six)
    return all(
        int(peer["tree_size"]) == sizes[peer["city"]] and peer["state"] == "ok"
        for city in NODES
        for peer in six.status(city)["peers"]
    )


def test_one_city_founds_itself_in_a_folder(image: str, tmp_path: Path) -> None:
    folder = tmp_path / "city"
    run("install", "-d", "-m", "0700", "-o", "10001", "-g", "10001", folder, folder / "keys")
    ports = {"EXCHANGE_PORT": "0", "INTAKE_PORT": "0", "QUERY_PORT": "0"}
    project = Project(COMPOSE / "compose.single.yml", GONGZHI_IMAGE=image, GONGZHI_FOLDER=str(folder), **ports)
    try:
        project.compose(
            "run", "--rm", "gongzhi", "init", "--city", "changsha", "--dir", ".", "--listen-host", "0.0.0.0",
            "--listen", "metrics=node.monitoring:7104", "--exchange-address", "node.changsha.example:7100",
        )  # fmt: skip
        project.compose("up", "--detach", "--no-build", "node")
        project.exec("node", "gongzhi", "status", "--wait", "60")
        published = project.container("node")["NetworkSettings"]["Ports"]
        assert {each["HostIp"] for port in published.values() for each in port} == {"127.0.0.1"}
        port = published["7101/tcp"][0]["HostPort"]
        write_input(tmp_path / "operators.csv", "changsha", 20)
        project.exec("node", "gongzhi", "client", "add", "registry", "--kind", "adapter", "--out", "registry")
        run(
            Path(sysconfig.get_path("scripts")) / "gongzhi-adapter", "load", tmp_path / "operators.csv",
            "--mapping", "registry", "--identity", folder / "registry", "--to", f"127.0.0.1:{port}",
        )  # fmt: skip
        assert "20 records" in project.exec("node", "gongzhi", "status")
        project.compose("run", "--rm", "gongzhi", "key", "rotate", "--tls")
        assert (folder / "keys/tls.next.pem").stat().st_mode & 0o777 == 0o600
        project.exec("node", "touch", "/data/keys/x", codes=(1,))
    finally:
        project.down()
