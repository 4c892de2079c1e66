"""The soak in short: it runs on real nodes and sees each of their figures; and growth would be seen as such."""

import json

import pytest

from tests.soak.__main__ import main
from tests.soak.samples import BOUNDS, Sample, slopes


def test_a_short_soak(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--minutes", "0.3", "--rows", "1500"])
    done, *found = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    assert done["rows"] > 0
    assert done["questions"] > 0
    assert done["failures"] == 0
    assert {each["figure"] for each in found} == BOUNDS.keys()
    assert {each["what"] for each in found} >= {"supervisor", "node", "query", "node.db-wal"}
    assert {each["city"] for each in found} == {"changsha", "wuhan"}


def _samples(per_hour: float, minutes: float, figure: str = "files") -> list[Sample]:
    key = ("wuhan", "node", figure)
    return [(at_s, {key: 100 + per_hour * at_s / 3600 + at_s % 3}) for at_s in range(0, int(minutes * 60), 5)]


@pytest.mark.parametrize("figure", BOUNDS)
def test_what_grows_is_seen(figure: str) -> None:
    bound = BOUNDS[figure]
    (grows,) = slopes(_samples(bound.per_hour * 3, 60, figure))
    assert not grows.is_flat
    assert grows.per_hour == pytest.approx(bound.per_hour * 3, rel=0.1)
    (flat,) = slopes(_samples(0, 60, figure))
    assert flat.is_flat


def test_the_warm_up_does_not_count() -> None:
    key = ("wuhan", "node", "rss_mib")
    (warmed,) = slopes([(at_s, {key: min(at_s, 100.0)}) for at_s in range(600)])
    assert warmed.per_hour == pytest.approx(0)
    assert warmed.first == 100
