"""Texts for people, in English and Chinese. Imports nothing of the project.

`_("the file {file} has no row {row}", file=name, row=3)` is a `Message`: a `str`, the English text, that renders itself
in Chinese too, by the catalogues in `node/locale/zh/`. How to add one: docs/messages.md.
"""

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any, Literal

Lang = Literal["en", "zh"]

_BETWEEN: Mapping[Lang, str] = {"en": ", ", "zh": "、"}
# What the environment says of the language, the most particular first (POSIX, XBD 8.2).
_VARIABLES = ("GONGZHI_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
_language: Lang = "en"


class Message(str):
    """An English text, and what it takes to say it in Chinese.

    Attributes:
        msgid: The English text with places for its values (`{name}`, `{rows:,}`): the key in the catalogues.
        values: What stands in the places: texts, numbers, messages, or tuples of them, which render as a list.
        zh: The Chinese text where it comes from elsewhere than a catalogue, else None.
        max_chars: A longer text is cut, in either language; None for no limit.
    """

    __slots__ = ("max_chars", "msgid", "values", "zh")

    msgid: str
    values: Mapping[str, Any]
    zh: str | None
    max_chars: int | None

    def __new__(
        cls, msgid: str, values: Mapping[str, Any], zh: str | None = None, max_chars: int | None = None
    ) -> "Message":
        """Renders the English text."""
        values = {name: _plain(value) for name, value in values.items()}
        message = super().__new__(cls, _bounded(_filled(msgid, values, "en"), max_chars))
        message.msgid, message.values, message.zh, message.max_chars = msgid, values, zh, max_chars
        return message

    def __reduce__(self) -> tuple[Any, ...]:
        return Message, (self.msgid, self.values, self.zh, self.max_chars)

    def in_language(self, lang: Lang) -> str:
        """The text in a language; in English where no catalogue has it."""
        if lang == "en":
            return str(self)
        if self.zh is not None:
            return _bounded(self.zh, self.max_chars)
        return _bounded(_filled(_catalogue().get(self.msgid, self.msgid), self.values, lang), self.max_chars)

    def cut(self, max_chars: int) -> "Message":
        """The same text, no longer than `max_chars` in either language."""
        return Message(self.msgid, self.values, self.zh, max_chars)


def _(msgid: str, /, **values: Any) -> Message:
    """A text of this program, in English, with places for `values`."""
    return Message(msgid, values)


def both(en: str, zh: str) -> Message:
    """A text that comes in both languages: from a table, or from another node."""
    return Message("{text}", {"text": en}, zh)


def render(text: str, lang: Lang | None = None) -> str:
    """A text in a language, by default that of this process; a plain `str` is the same in both."""
    return text.in_language(lang or _language) if isinstance(text, Message) else text


def translate(msgid: str) -> str:
    """A text without places in the language of this process; unchanged where no catalogue has it."""
    return _catalogue().get(msgid, msgid) if _language == "zh" else msgid


def language() -> Lang:
    """The language of this process; English unless `set_language` said otherwise."""
    return _language


def set_language(lang: Lang) -> None:
    """Chooses the language in which this process speaks to its user: for command lines. Logs stay English."""
    global _language  # noqa: PLW0603 - a process has one user, as it has one locale
    _language = lang


def language_of(environment: Mapping[str, str]) -> Lang:
    """The language that GONGZHI_LANG, LC_ALL, LC_MESSAGES or LANG names: Chinese for `zh...`, else English."""
    named = next((environment[name] for name in _VARIABLES if environment.get(name)), "")
    return "zh" if named.lower().startswith("zh") else "en"


@cache
def _catalogue() -> Mapping[str, str]:
    """The Chinese text of each msgid, of all rooms."""
    # Imported here: it takes 50 ms, which who reads English need not wait for. 1,500 entries take 30 ms more.
    from babel.messages.pofile import read_po  # noqa: PLC0415

    texts: dict[str, str] = {}
    for file in (resources.files("node") / "locale" / "zh").iterdir():
        if file.name.endswith(".po"):
            with file.open("rb") as content:
                entries = read_po(content, locale="zh", abort_invalid=True)
            texts |= {str(entry.id): str(entry.string) for entry in entries if entry.id and entry.string}
    return texts


def _plain(value: Any) -> Any:
    """A value that can be kept, compared and pickled: a text, a number, or a tuple of them."""
    if isinstance(value, str | int | float):
        return value
    if isinstance(value, list | tuple):
        return tuple(map(_plain, value))
    return str(value)


def _filled(text: str, values: Mapping[str, Any], lang: Lang) -> str:
    shown = {name: _shown(value, lang) for name, value in values.items()}
    try:
        return text.format_map(shown)
    except (LookupError, ValueError, AttributeError, TypeError):
        # A test holds every text to its values; should one differ all the same, an error is told and not replaced.
        return text


def _shown(value: Any, lang: Lang) -> Any:
    if isinstance(value, tuple):
        return _BETWEEN[lang].join(str(_shown(part, lang)) for part in value)
    return render(value, lang) if isinstance(value, str) else value


def _bounded(text: str, max_chars: int | None) -> str:
    # Half of a surrogate pair, from bytes that were no text, goes through no terminal and no gRPC message.
    text = text.encode(errors="replace").decode()
    return text if max_chars is None or len(text) <= max_chars else f"{text[:max_chars]} ..."
