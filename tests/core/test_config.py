"""node.yaml: defaults, paths, refusals with their line."""

from pathlib import Path

import pytest

from node.config import load_config
from node.errors import FileError, Reason


def test_a_city_is_enough_and_paths_lie_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "node.yaml").write_text("city: wuhan\ndata_dir: /srv/wuhan\n")
    for config in (load_config(tmp_path), load_config(tmp_path / "node.yaml")):
        assert config.node_db == Path("/srv/wuhan/node.db")
        assert config.log_key == tmp_path / "keys" / "log.key"
        assert all(address.startswith("127.0.0.1:") for address in config.listen.model_dump().values())


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("city: Wuhan", 1, "city"),
        ("city: wuhan\nsync:\n  interval: 5", 3, "sync.interval"),
        ("city: wuhan\nsync:\n  interval_s: 0", 3, "greater than 0"),
        ("city: wuhan\nsync:\n  purpose: ''", 3, "sync.purpose"),
        ("city: wuhan\nlisten:\n  exchange: here", 3, "listen.exchange"),
        ("city: wuhan\nlisten:\n  control: 0.0.0.0:7102", 3, "loopback"),
        ("city: wuhan\nlisten:\n  metrics: everywhere", 3, "listen.metrics"),
        ("city: wuhan\nlimits:\n  peer: {requests_per_s: 5}", 3, "limits.peer.burst"),
        ("city: wuhan\ncity: hefei", 2, "given twice"),
        ("city: wuhan\nlisten:\n  exchange: 127.0.0.1:99999", 3, "port"),
        ("city: wuhan\nlisten:\n  exchange: 127.0.0.1:0", 3, "port"),
        ("city: wuhan\nsync:\n  interval_s: .inf", 3, "finite"),
        ("city: wuhan\nsync:\n  backoff_max_s: .nan", 3, "sync.backoff_max_s"),
        ("city: wuhan\nstale_after_h: .inf", 2, "finite"),
        ("sync: {}", 1, "city"),
        ("city: [", None, "node.yaml"),
        pytest.param("city: wuhan\n" + "#" * (1 << 20), None, "longer than", id="long"),
        ("", None, "empty"),
        ("city: wuhan\nlog_level: loud", 2, "log_level"),
    ],
)
def test_what_is_wrong_is_refused_with_its_line(tmp_path: Path, text: str, line: int | None, message: str) -> None:
    (tmp_path / "node.yaml").write_text(text)
    with pytest.raises(FileError, match=message) as caught:
        load_config(tmp_path)
    assert caught.value.reason is Reason.INVALID_CONFIG
    assert line is None or caught.value.line == line


def test_no_file_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no node here"):
        load_config(tmp_path)


def test_nodes_below_are_named_each_as_an_option(tmp_path: Path) -> None:
    for name in ("hefei", "wu han"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "node.yaml").touch()
    with pytest.raises(FileError) as caught:
        load_config(tmp_path)
    assert f"below: --node {tmp_path}/hefei, --node '{tmp_path}/wu han'" in str(caught.value)
