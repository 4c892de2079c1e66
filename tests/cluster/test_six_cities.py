"""Six cities on the grounds of this machine: fed, asked, stopped, killed."""

from collections.abc import Iterator

import pytest

from node.core.members.clients import Kind
from node.errors import NodeError
from node.stubs.query.v1 import query_pb2 as query
from node.testing import Acknowledged, Ground, SixCities, batch, standing
from node.testing.local import InProcessCity
from tests.kit.cities import UNHURRIED
from tests.kit.simulator.origin import registration
from tests.kit.stores.city import operator


@pytest.fixture(scope="module", params=[Ground.IN_PROCESS, pytest.param(Ground.PROCESSES, marks=pytest.mark.processes)])
def cities(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SixCities]:
    with standing(request.param, tmp_path_factory.mktemp(request.param), UNHURRIED) as six:
        yield six


def take_in(cities: SixCities, first: int, *but: str) -> list[Acknowledged]:
    """Twenty records for each city but these."""
    return [
        Acknowledged(outcome.id)
        for number, (slug, city) in enumerate(cities.items())
        if slug not in but
        for outcome in city.take_in(*map(registration, range(first + number * 100, first + number * 100 + 20)))
    ]


def test_what_one_takes_in_all_hold(cities: SixCities) -> None:
    taken = take_in(cities, 0)
    taken.append(cities["wuhan"].retract(taken[25].id))
    cities.settle()
    cities.check(taken)


def test_a_platform_asks_its_own_city_about_another(cities: SixCities) -> None:
    cities["changsha"].take_in(operator())
    cities.settle()
    platform = cities["hefei"].client("jd", Kind.PLATFORM)
    question = query.Question(uscc=operator().uscc, name=operator().name)
    answer = cities["hefei"].verify(question, client=platform)
    assert (answer.result, answer.city) == (query.RESULT_MATCH, "changsha")
    with pytest.raises(NodeError):
        cities["hefei"].submit(batch([operator()]), client=platform)


def test_a_stopped_city_catches_up(cities: SixCities) -> None:
    cities["taiyuan"].stop()
    taken = take_in(cities, 1000, "taiyuan")
    assert any(line.startswith("taiyuan has") for line in cities.behind())
    cities["taiyuan"].start()
    cities.settle()
    cities.check(taken)


def test_a_killed_city_lost_nothing(cities: SixCities) -> None:
    if isinstance(cities["nanchang"], InProcessCity):
        with pytest.raises(NotImplementedError):
            cities["nanchang"].kill()
        return
    taken = take_in(cities, 2000)
    cities["nanchang"].kill()
    with pytest.raises(NodeError):
        cities["nanchang"].take_in(registration(3000))
    cities["nanchang"].start()
    cities.settle()
    cities.check(taken)
