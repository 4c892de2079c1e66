"""With `log_level: debug` the nodes show a pull step by step, in codes and numbers alone."""

from pathlib import Path
from typing import Any

from tests.kit.nodes.processes import Running, batch, found
from tests.kit.waiting import eventually

_SETTINGS = {"sync": {"interval_s": 1, "backoff_base_s": 0.2, "backoff_max_s": 1}, "log_level": "debug"}
_PERSONAL = {"phone": "13800001234", "legal_representative": "标记王五"}
_BATCH = {"begin", "end"}


def _lines(node: Running, event: str) -> list[dict[str, Any]]:
    return [line for line in node.events() if line["event"] == event]


def test_debug_shows_a_pull_step_by_step_and_nothing_personal(tmp_path: Path) -> None:
    origin_config, puller_config = found(tmp_path, "changsha", "wuhan", settings=_SETTINGS)
    with Running(puller_config) as puller:
        eventually(lambda: _lines(puller, "backing_off"), "wuhan backs off from a city that is down")
        with Running(origin_config) as origin:
            list(origin.submit(iter([batch(1, 3, **_PERSONAL)])))
            size = origin.status().tree_size
            eventually(lambda: any(line["end"] == size for line in _lines(puller, "batch_pulled")), "all is pulled")
            eventually(lambda: _lines(puller, "compared") and _lines(puller, "batch_indexed"), "it is used")
            logged = origin.log.read_text() + puller.log.read_text()
            shared = [line for line in _lines(origin, "batch_shared") if line["end"] == size]
            grants = {line["grant"]: line for line in _lines(origin, "granted")}
        [failed, *_] = _lines(puller, "backing_off")
        pulled = [line for line in _lines(puller, "batch_pulled") if line["end"] == size]
        [compared, *_] = _lines(puller, "compared")
        assert _lines(puller, "batch_indexed")[0].keys() >= {*_BATCH, "origin", "target"}
        assert {"follow", "pull-changsha"} <= {line["job"] for line in _lines(puller, "turn")}
    assert (failed["city"], failed["failures"]) == ("changsha", 1)
    assert failed["wait_ms"] > 0
    assert pulled[0]["city"] == "changsha"
    assert pulled[0].keys() >= {*_BATCH, "target", "ms"}
    assert (compared["city"], compared["forks"], compared["refused"]) == ("changsha", 0, [])
    assert shared[0]["withheld"] == 0
    assert grants[shared[0]["grant"]]["city"] == "wuhan"
    assert "public-to-all" in grants[shared[0]["grant"]]["rules"]
    assert not any(value in logged for value in _PERSONAL.values())
