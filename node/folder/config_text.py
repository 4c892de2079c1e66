"""node.yaml as `gongzhi init` writes it, with every setting; and docs/config.md. Both made from `node/config.py`."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import NoneType
from typing import Any, Literal, NamedTuple, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from node.config import Config, Says
from node.core.document import format_document

_HEAD = """\
# Configuration of a node. Every setting stands here; one after a "#" has the value shown, which is the default.
# Paths are relative to this file. Check it with `gongzhi config check`; after a change start the node anew.
# 本节点配置。全部设置项均列于此；以“#”开头的为默认值。路径相对于本文件。
# 修改后用 `gongzhi config check` 检查，并重启节点；联盟、客户端、策略文件的修改无需重启。
"""
_PAGE = """\
# 配置 · Configuration

由 `gongzhi config page` 根据 `node/config.py` 生成，请勿手改。
Made by `gongzhi config page`; do not edit.

`gongzhi init` 写入的 node.yaml 已列出全部设置项及默认值。用 `gongzhi config check` 检查，
用 `gongzhi config show --effective` 显示生效值。
The node.yaml that `gongzhi init` writes holds every setting with its default.

| 设置 setting | 类型 type | 默认 default | 说明 | what for |
|---|---|---|---|---|
"""


class Setting(NamedTuple):
    """A setting, or a section of several.

    Attributes:
        path: E.g. ("sync", "interval_s").
        section: Its settings; none where it is no section.
        default: As YAML holds it; None where it has none.
    """

    path: tuple[str, ...]
    says: Says
    type: str
    default: Any
    section: tuple["Setting", ...] = ()

    @property
    def name(self) -> str:
        """E.g. sync.interval_s."""
        return ".".join(self.path)


def settings(
    model: type[BaseModel] = Config, at: tuple[str, ...] = (), default: BaseModel | None = None
) -> list[Setting]:
    """The settings of a section, in order; `default` holds the values where the section is left out."""
    return [_setting((*at, name), field, default) for name, field in model.model_fields.items()]


def flat(every: Iterable[Setting]) -> Iterator[Setting]:
    """Every setting that is no section."""
    for each in every:
        if each.section:
            yield from flat(each.section)
        else:
            yield each


def _setting(path: tuple[str, ...], field: FieldInfo, around: BaseModel | None) -> Setting:
    says = next(each for each in field.metadata if isinstance(each, Says))
    value = getattr(around, path[-1]) if around is not None else None if field.is_required() else field.default
    model = _section_of(field.annotation)
    if model is not None:
        return Setting(path, says, "section", None, tuple(settings(model, path, value)))
    return Setting(path, says, _type_name(field.annotation), _plain(value))


def _section_of(annotation: Any) -> type[BaseModel] | None:
    kinds = [each for each in (annotation, *get_args(annotation)) if isinstance(each, type)]
    return next((each for each in kinds if issubclass(each, BaseModel)), None)


def _type_name(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return " | ".join(map(str, get_args(annotation)))
    if get_origin(annotation) is tuple:
        return "list of paths"
    named = {str: "text", int: "integer", float: "number", bool: "yes | no", Path: "path", NoneType: ""}
    return named[annotation]


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    return [str(each) for each in value] if isinstance(value, tuple) else value


def format_settings(values: Mapping[str, Any]) -> str:
    """A node.yaml with these values, and every other setting beside them as a comment."""
    lines = [_HEAD]
    for each in settings():
        lines += [*_lines(each, values, ""), ""]
    return "\n".join(lines)


def _lines(setting: Setting, values: Mapping[str, Any], indent: str, *, is_commented: bool = False) -> Iterator[str]:
    """A setting with its comment; within a section that is commented as a whole, only the comments are marked."""
    name = setting.path[-1]
    value = values.get(name)
    mark = "" if name in values or is_commented else "# "
    yield f"{indent}# {setting.says.zh} · {setting.says.en}"
    if not setting.section:
        yield f"{indent}{mark}{_line(name, setting if value is None else value)}"
        return
    yield f"{indent}{mark}{name}:"
    for each in setting.section:
        inner = _lines(each, value or {}, "  ", is_commented=is_commented or name not in values)
        yield from (f"{indent}{mark}{line}" for line in inner)


def _line(name: str, value: Any) -> str:
    if isinstance(value, Setting):
        if value.default is None or value.says.example:
            return f"{name}: {value.says.example}"
        value = value.default
    text = format_document({name: value}).rstrip()
    return text if "\n" not in text else f"{name}: [{', '.join(value)}]"


def config_page() -> str:
    """docs/config.md."""
    rows = [
        (f"`{each.name}`", each.type.replace("|", "\\|"), _shown(each), each.says.zh, each.says.en)
        for each in flat(settings())
    ]
    return _PAGE + "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _shown(setting: Setting) -> str:
    return "" if setting.default in (None, []) else f"`{setting.default}`"
