"""What a city takes back from its peers, and what it lets them see of it afterwards."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from node.demo.check_stores import Rule, check_stores
from node.usecases.exchange.versions import RecordChanges, Shown
from node.usecases.upkeep import return_log
from tests.kit.simulator.origin import policy_text, registration
from tests.kit.simulator.rollback import roll_back, snapshot
from tests.kit.simulator.towns import Country, Town
from tests.kit.stores.city import PURPOSE

THREE = ("changsha", "wuhan", "hefei")
PHONE = "0731-00000666"


@pytest.fixture
def country(tmp_path: Path) -> Iterator[Country]:
    made = Country(tmp_path, THREE)
    made["wuhan"].grow(0, 10)
    yield made
    made.close()


def take_up(country: Country, monkeypatch: pytest.MonkeyPatch, old: Path, *givers: str) -> return_log.Recovered:
    """Wuhan loses all since `old` and takes up, with the code of `recover`, what these cities return."""
    files = [old.with_name(f"{city}.returned") for city in givers]
    wuhan = roll_back(country, "wuhan", old)
    begin = wuhan.origin.size
    for city, file in zip(givers, files, strict=True):
        return_log.return_log(country[city].store, city, "wuhan", begin, file)
    monkeypatch.setattr(return_log, "load_federation", lambda _: country.federation)
    config = SimpleNamespace(city="wuhan", federation=None)
    return return_log._take_up(wuhan.store, config, [return_log._read(file) for file in files])  # type: ignore[arg-type]


def shown(wuhan: Town, index: int, to: str) -> list[int]:
    """The facets of a record that a city is let see."""
    [record] = wuhan.store.records(0, index, index + 1)
    changes = RecordChanges(wuhan.store, index, index + 1)
    facets = Shown(wuhan.store, wuhan.origin.policy.grant(to, PURPOSE)).facets(record, changes)
    return sorted(record.masked(facets).disclosed) if facets is not None else []


def withholding(condition: str) -> str:
    return f"""city: wuhan
rules:
  - share: operator.registration
    with: [changsha, hefei]
    purpose: {PURPOSE}
    facets: [public]
  - withhold: operator.registration
    from: [hefei]
    when: '{condition}'
"""


def test_a_condition_on_what_did_not_come_back_withholds(
    country: Country, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An empty field in place of a masked one must not let a `withhold ... when` pass."""
    rules = withholding(f'body.phone == "{PHONE}"')
    wuhan = country["wuhan"]
    wuhan.origin.enforce(rules)
    old, index = snapshot(wuhan, tmp_path / "old.db"), wuhan.origin.size
    wuhan.origin.take_in(registration(77, phone=PHONE))
    assert (shown(wuhan, index, "changsha"), shown(wuhan, index, "hefei")) == ([1], [])
    country.round("changsha", "hefei")
    assert take_up(country, monkeypatch, old, "changsha", "hefei").after == index + 1
    wuhan = country["wuhan"]
    wuhan.origin.enforce(rules)
    assert (shown(wuhan, index, "changsha"), shown(wuhan, index, "hefei")) == ([1], [])


@pytest.mark.parametrize("givers", [("changsha", "hefei"), ("hefei", "changsha")])
def test_what_comes_together_may_be_more_than_a_batch(
    country: Country, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, givers: tuple[str, str]
) -> None:
    """One peer holds hashes alone, many in one batch; the other holds the values of all of them."""
    wuhan = country["wuhan"]
    wuhan.origin.enforce(policy_text("wuhan", "public", "regulator", to="hefei"))
    old, begin = snapshot(wuhan, tmp_path / "old.db"), wuhan.origin.size
    wuhan.origin.take_in(*(registration(1000 + each, scope="长" * 1000) for each in range(500)))
    country.round("changsha", "hefei")
    assert take_up(country, monkeypatch, old, *givers) == (begin, begin + 500, 0)


@pytest.mark.parametrize("phone", [PHONE, ""], ids=["Hefei never saw it", "Hefei saw it and holds it"])
def test_the_checker_too_looks_for_no_condition_in_what_did_not_come_back(
    phone: str, country: Country, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    wuhan = country["wuhan"]
    rules = withholding(f'body.phone == "{phone}"')
    wuhan.origin.enforce(rules)
    old = snapshot(wuhan, tmp_path / "old.db")
    wuhan.origin.take_in(registration(77, phone=PHONE))
    country.round("changsha", "hefei")
    take_up(country, monkeypatch, old, "changsha", "hefei")
    country["wuhan"].origin.enforce(rules)
    country.round("changsha", "hefei")
    stores = {city: country[city].origin.path for city in ("wuhan", "hefei")}
    keys = {city: country[city].member.log_keys for city in THREE}
    found = check_stores(stores, keys.__getitem__, [])
    assert [each for each in found if each.rule in {Rule.HIDDEN, Rule.EXPOSED}] == []


def test_a_correction_that_some_may_not_see_takes_back_what_did_not_come_back_whole(
    country: Country, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Hefei saw the record for the telephone number it had; here that number is lost, which is not the same as none."""
    wuhan = country["wuhan"]
    rules = withholding('body.phone == ""')
    wuhan.origin.enforce(rules)
    old, index = snapshot(wuhan, tmp_path / "old.db"), wuhan.origin.size
    wuhan.origin.take_in(registration(77, phone=PHONE))
    country.round("changsha", "hefei")
    take_up(country, monkeypatch, old, "changsha", "hefei")
    wuhan = country["wuhan"]
    wuhan.origin.enforce(rules)
    wuhan.origin.clock.at_ms += 1
    wuhan.origin.take_in(registration(77, phone="", name="更正商行"))
    assert wuhan.store.retracted(index, index + 1) == {index}
