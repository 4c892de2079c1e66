"""Addresses what a city asks of a platform to the city that the platform is connected to."""

from datetime import date
from typing import Any

from google.protobuf.message import Message

from node.core.members.platforms import Connections
from node.core.workflow.model import Kind, Workflow
from node.errors import NodeError, Reason
from node.messages import _


def address_platform(message: Message, workflow: Workflow, connections: Connections, on: date) -> None:
    """Names in an opening act the city whose node the platform is connected to; that city sees the case.

    Raises:
        NodeError: INVALID_ARGUMENT, no card names the platform, or the act names another city.
    """
    for platform in workflow.parties:
        at = workflow.party[platform.at].bound_by if platform.kind is Kind.PLATFORM else ""
        name = _read(message, platform.bound_by)
        if at and name:
            _name_city(message, at, name, connections.city_of(name, on))


def check_speaks(connections: Connections, city: str, platform: str, on: date) -> None:
    """Checks that an act in a platform's name would count from this city's log.

    Raises:
        NodeError: WRONG_ACTOR.
    """
    if not connections.speaks_for(city, platform, on):
        raise NodeError(
            Reason.WRONG_ACTOR,
            _(
                "the card of {city} does not name {platform}, so no node would accept this act "
                "(gongzhi federation platform)",
                city=city,
                platform=platform,
            ),
        )


def _name_city(message: Message, field: str, platform: str, city: str) -> None:
    if not city:
        raise NodeError(
            Reason.INVALID_ARGUMENT,
            _(
                "no member's card names the platform {platform}, so it is connected to no city of the federation",
                platform=platform,
            ),
        )
    if getattr(message, field) not in ("", city):
        raise NodeError(
            Reason.INVALID_ARGUMENT,
            _("{field}: {platform} is connected to {city}", field=field, platform=platform, city=city),
        )
    setattr(message, field, city)


def _read(message: Message, path: str) -> str:
    value: Any = message
    for name in path.split(".") if path else ():
        value = getattr(value, name)
    return value if isinstance(value, str) else ""
