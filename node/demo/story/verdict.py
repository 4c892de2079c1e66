"""Holds every city to what it may see: by the policies in force, by what the cities agreed on, and byte by byte.

1. `check_stores`: no store holds more, or less, of any record than the policy of the city that made it says.
2. `allowed`: no policy gives away what the cities agreed nobody is to have; this does not ask the policies.
3. Secrets of the story stand in no file of a node that may not know them, and persons in no log of any node.
4. Of what was retracted no byte is left with anybody else.
"""

import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from node.core.log.record import EVERYONE
from node.core.standards import standard as standards
from node.demo.check_stores import check_stores
from node.demo.exchange import complete
from node.demo.failure import DemoError
from node.demo.story.logs import Stored
from node.demo.story.stage import Stage
from node.folder.files import load_federation
from node.messages import _

_SETTLE_S = 150.0
_REGULATORS = 2
# Where an operator really is, and its shops: told to the neighbours with whom there is an agreement.
_NEIGHBOURS = {
    "changsha": ("wuhan", "nanchang"),
    "hefei": ("wuhan", "nanchang"),
    "nanchang": ("changsha", "hefei"),
    "taiyuan": ("zhengzhou", "wuhan"),
    "wuhan": ("changsha", "zhengzhou"),
    "zhengzhou": ("wuhan", "taiyuan"),
}


@dataclass
class Verdict:
    """What was found.

    Attributes:
        looked_at: records times cities.
        held: standard -> city -> how many records of other cities it holds something of, and which facets.
        records: standard -> records made in the story.
        secrets: name -> cities in whose files it stands.
        violations: what must not be.
    """

    looked_at: int = 0
    held: dict[str, dict[str, tuple[int, set[str]]]] = field(default_factory=dict)
    records: dict[str, int] = field(default_factory=dict)
    secrets: dict[str, list[str]] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)
    is_complete: bool = False

    @property
    def holds(self) -> bool:
        """Whether everything was looked at and nothing was found."""
        return self.is_complete and not self.violations


def judge(stage: Stage) -> Verdict:
    """Looks at everything that was recorded, in every store.

    Raises:
        DemoError: The nodes do not come to rest.
    """
    verdict = Verdict()
    _settle(stage)
    verdict.violations += _by_policy(stage)
    for city in stage.logs.cities:
        for stored in stage.logs.own(city):
            verdict.records[stored.header.standard] = verdict.records.get(stored.header.standard, 0) + 1
            verdict.violations += _by_accord(stage, stored, verdict)
    verdict.violations += _secrets(stage, verdict)
    verdict.violations += _destroyed(stage)
    verdict.is_complete = True
    return verdict


def allowed(stored: Stored, peer: str) -> frozenset[str]:
    """The facets that the cities agreed a peer may hold of a record."""
    header = stored.header
    if header.standard == "complaint" or not {peer, EVERYONE} & set(header.audience):
        return frozenset()
    facets = {each.name for each in standards.get(header.standard, header.version).facets if each.level <= _REGULATORS}
    if header.standard == "operator.registration" and peer not in _NEIGHBOURS[header.city]:
        facets -= {"regulator"}
    return frozenset(facets)


def _settle(stage: Stage) -> None:
    """Until every city has verified every log: each receipt is a record that others have yet to pull."""
    deadline = time.monotonic() + _SETTLE_S
    while len(complete({node.city: node.status() for node in stage.nodes})) < len(stage.nodes):
        if time.monotonic() > deadline:
            raise DemoError(_("not every city has every log after {seconds:g} s", seconds=_SETTLE_S))
        stage.sync()


def _by_policy(stage: Stage) -> list[str]:
    federation = load_federation(stage.nodes[0].config.federation)
    stores = {node.city: node.config.node_db for node in stage.nodes}
    return [str(each) for each in check_stores(stores, lambda city: federation.member(city).log_keys)]


def _by_accord(stage: Stage, stored: Stored, verdict: Verdict) -> Iterator[str]:
    standard = stored.header.standard
    sums = verdict.held.setdefault(standard, {})
    for city in stage.logs.cities:
        if city == stored.header.city:
            continue
        verdict.looked_at += 1
        facets = stage.logs.held(city, stored.id)
        if facets is None:
            continue
        names = set(stored.names(facets))
        count, known = sums.get(city, (0, set()))
        sums[city] = count + 1, known | names
        more = names - allowed(stored, city)
        if more:
            yield _(
                "denied: {city} holds {facets} of {record} ({standard}), for {audience}",
                city=city,
                facets=sorted(more),
                record=stored.id,
                standard=standard,
                audience=_for(stored),
            )


def _for(stored: Stored) -> str:
    if stored.header.audience:
        return ", ".join(stored.header.audience)
    return _("{city} only", city=stored.header.city)


def _secrets(stage: Stage, verdict: Verdict) -> Iterator[str]:
    places: dict[str, list[str]] = defaultdict(list)
    for node in stage.nodes:
        for file in _files(node.folder):
            content = file.read_bytes()
            for name, (secret, cities) in stage.secrets.items():
                if secret in content:
                    places[name] += [node.city] if node.city not in places[name] else []
                    if node.city not in cities:
                        yield _(
                            "denied: {secret} is in {city}'s {file}",
                            secret=name,
                            city=node.city,
                            file=file.relative_to(node.folder),
                        )
                    elif file.suffix == ".log":
                        yield _(
                            "denied: {secret} is in a log, {city}'s {file}", secret=name, city=node.city, file=file.name
                        )
    verdict.secrets = {name: places[name] for name in stage.secrets}
    yield from (_("lost: {secret} is in no store", secret=name) for name in stage.secrets if not places[name])


def _destroyed(stage: Stage) -> Iterator[str]:
    for name, stored in stage.destroyed.items():
        for node in stage.nodes:
            if node.city != stored.header.city:
                yield from (
                    _("left: salts of {record} are in {city}'s {file}", record=name, city=node.city, file=file)
                    for file in _with(node.folder, stored)
                )


def _with(folder: Path, stored: Stored) -> Iterator[str]:
    """The files in which a salt of the record stands: bytes that are nowhere but where a value is."""
    for file in _files(folder):
        content = file.read_bytes()
        if any(salt in content for salt in stored.salts):
            yield file.name


@cache
def _is_key(folder: Path, file: Path) -> bool:
    return file.is_relative_to(folder / "keys") or file.is_relative_to(folder / "officer")


def _files(folder: Path) -> Iterator[Path]:
    for file in sorted(folder.rglob("*")):
        if file.is_file() and not _is_key(folder, file):
            yield file
