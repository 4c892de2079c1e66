"""node.yaml as init writes it says what the defaults are; docs/config.md is made from the same declarations."""

from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

from node.cli.main import gongzhi
from node.config import Config, Says, load_config
from node.folder.config_text import config_page, flat, format_settings, settings
from tests.kit.commands import invoke

PAGE = Path(__file__).parents[2] / "docs" / "config.md"


def _sections(model: type[BaseModel] = Config) -> list[type[BaseModel]]:
    below = [found for field in model.model_fields.values() for found in _in(field.annotation)]
    return [model, *(each for found in below for each in _sections(found))]


def _in(annotation: object) -> list[type[BaseModel]]:
    kinds = [annotation, *getattr(annotation, "__args__", ())]
    return [each for each in kinds if isinstance(each, type) and issubclass(each, BaseModel)]


def test_every_setting_says_what_it_is_for() -> None:
    for section in _sections():
        for name, field in section.model_fields.items():
            assert any(isinstance(each, Says) for each in field.metadata), f"{section.__name__}.{name}"


def test_the_page_is_not_out_of_date_and_names_every_setting() -> None:
    """After a change: gongzhi config page > docs/config.md."""
    assert PAGE.read_text("utf-8") == config_page()
    assert len(list(flat(settings()))) > 30


def test_what_is_written_is_read_and_nothing_else_is_set() -> None:
    values = {
        "city": "hefei",
        "listen": {"query": "127.0.0.1:9"},
        "limits": {"peer": {"requests_per_s": 1, "burst": 2}},
    }
    assert yaml.safe_load(format_settings(values)) == values


def test_the_comments_hold_the_defaults(tmp_path: Path) -> None:
    """Every commented setting, uncommented, changes nothing; those without a default are examples."""
    lines = []
    for line in format_settings({"city": "hefei"}).splitlines():
        is_setting = line.startswith("# ") and ":" in line and "·" not in line and "`" not in line
        lines.append(line.removeprefix("# ") if is_setting else line)
    (tmp_path / "node.yaml").write_text("\n".join(lines))
    examples = {"calendars": (tmp_path / "2027.yaml",)}
    written = load_config(tmp_path)
    assert written.clock is not None
    (tmp_path / "node.yaml").write_text("city: hefei\n")
    plain = load_config(tmp_path)
    assert written.model_copy(update={"clock": None, "backup": None}) == plain.model_copy(update=examples)


def test_show_says_where_a_value_comes_from(tmp_path: Path) -> None:
    (tmp_path / "node.yaml").write_text("city: hefei\nsync: {interval_s: 7}\n")
    few = invoke(gongzhi, "config", "show", "--node", tmp_path).output
    assert "node.yaml:2" in few
    assert "sync.purpose" not in few
    every = invoke(gongzhi, "config", "show", "--effective", "--node", tmp_path).output
    assert all(each.name in every for each in flat(settings()))


@pytest.mark.parametrize(
    ("line", "en", "zh"),
    [
        (
            "log_levl: info",
            "log_levl: there is no such entry; did you mean log_level?",
            "log_levl：没有这一项，是否应为 log_level",
        ),
        (
            "sync: {intervall_s: 3}",
            "sync.intervall_s: there is no such entry; did you mean interval_s?",
            "sync.intervall_s：没有这一项，是否应为 interval_s",
        ),
        (
            "sync: {interval_s: often}",
            "sync.interval_s: Input should be a valid number",
            "sync.interval_s：应为数字",
        ),
        (
            "limits: {peer: {requests_per_s: 3}}",
            "limits.peer.burst: Field required",
            "limits.peer.burst：缺少必填项",
        ),
        ("sync: {purpose: ''}", "sync.purpose: not of the right form", "sync.purpose：格式不对"),
        ("xyzzy: 1", "xyzzy: there is no such entry", "xyzzy：没有这一项"),
    ],
)
def test_check_names_line_setting_and_what_may_have_been_meant(tmp_path: Path, line: str, en: str, zh: str) -> None:
    (tmp_path / "node.yaml").write_text(f"city: hefei\n{line}\n")
    checked = invoke(gongzhi, "config", "check", "--node", tmp_path)
    assert checked.exit_code == 1
    assert f"node.yaml:2: {en}" in checked.output
    chinese = invoke(gongzhi, "--lang", "zh", "config", "check", "--node", tmp_path)
    assert f"node.yaml:2：{zh}" in chinese.output


def test_check_tells_every_line_that_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "node.yaml").write_text("city: Hefei\nlisten: 3\nstale_after_h: 0\n")
    told = invoke(gongzhi, "config", "check", "--node", tmp_path).output
    assert [f"node.yaml:{number}:" in told for number in (1, 2, 3)] == [True] * 3


def test_a_right_file_is_right(tmp_path: Path) -> None:
    (tmp_path / "node.yaml").write_text(format_settings({"city": "hefei"}))
    assert invoke(gongzhi, "config", "check", "--node", tmp_path).exit_code == 0
