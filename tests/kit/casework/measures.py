"""Requests for measures: the city that asks, the platform that answers at another, and one that looks on."""

from itertools import count

from node.stubs.standard.v1 import measure_pb2 as pb
from tests.kit.casework.casework_city import JD, CaseworkCity, act, with_act
from tests.kit.samples.standards import measure

NAME = "measure.request"
_NUMBERS = count(1)


class World:
    """Changsha asks, 京东 answers at Hefei, Wuhan looks on."""

    def __init__(self, three: tuple[CaseworkCity, CaseworkCity, CaseworkCity]) -> None:
        self.changsha, self.hefei, self.wuhan = self.desks = three

    def meet(self) -> None:
        """Everyone pulls from everyone."""
        for origin in self.desks:
            for desk in self.desks:
                if desk is not origin:
                    desk.see(origin)

    def states(self, case: str) -> tuple[str, str]:
        return self.changsha.state(case), self.hefei.state(case)

    def platform(self, case: str, name: str, **fields: object) -> str:
        """The platform acts at its node; the state everywhere after."""
        body = pb.MeasureRequest(act=act(name, reasons="理由"), **fields)  # type: ignore[arg-type]
        self.hefei.act(NAME, case, body, actor=JD)
        self.meet()
        (state,) = set(self.states(case))
        return state

    def city(self, case: str, name: str, **fields: object) -> str:
        """The requesting city decides; the state everywhere after."""
        body = pb.MeasureRequest(act=act(name, reasons="理由"), **fields)  # type: ignore[arg-type]
        self.changsha.decide(NAME, case, body)
        self.meet()
        (state,) = set(self.states(case))
        return state


def request(platform: str = "京东", **fields: object) -> pb.MeasureRequest:
    body = with_act(measure(), "issue")
    assert isinstance(body, pb.MeasureRequest)
    body.number = f"长市监处置〔2026〕{next(_NUMBERS)}号"  # no two cases share one
    body.target.platform.name, body.platform_city = platform, ""
    body.starts_on, body.ends_on, body.review_on = "2026-05-06", "2026-06-06", ""
    for field, value in fields.items():
        setattr(body, field, value)
    return body


def asked(world: World, platform: str = "京东", **fields: object) -> str:
    case = world.changsha.decide(NAME, "", request(platform, **fields)).case
    world.meet()
    return case
