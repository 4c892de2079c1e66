"""Laws, and articles of them: where a limit or a demand comes from. All lie in one table, `laws.yaml`."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Annotated, ClassVar, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from node.core.document import parse_document, read_model
from node.errors import Reason

_FILE = "laws.yaml"

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$")]


@dataclass(frozen=True)
class Label:
    """A text in both languages."""

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")

    zh: str
    en: str


@dataclass(frozen=True)
class Law(Label):
    """A law by name, and the number of the order that made it."""

    number: str


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    laws: dict[Name, Law]


@cache
def laws() -> Mapping[str, Law]:
    """Every law by the name that rules and citations use."""
    text = (resources.files("node.core.law") / _FILE).read_text("utf-8")
    document = parse_document(text, _FILE, Reason.INVALID_LEGAL_RULES)
    return MappingProxyType(read_model(document, _File, Reason.INVALID_LEGAL_RULES).laws)


class Citation(NamedTuple):
    """An article of a law, or with an empty `article` the law itself.

    `sure` is False where it was cited from memory and a lawyer has yet to compare it with the text. The pages of the
    rules mark it so (`marked`); what an officer reads every day does not.
    """

    law: str
    article: str = ""
    sure: bool = True

    @property
    def zh(self) -> str:
        """Short citation in Chinese."""
        article = f"第{self.article}条" if self.article else ""
        return laws()[self.law].zh + article

    @property
    def en(self) -> str:
        """Short citation in English."""
        article = f" Art {self.article}" if self.article else ""
        return laws()[self.law].en + article

    @property
    def marked(self) -> Label:
        """The citation, and whether it is yet to be compared with the text."""
        return Label(self.zh + ("" if self.sure else "（待核）"), self.en + ("" if self.sure else " (to be checked)"))


def accord() -> Citation:
    """What no statute says and the cities agreed on among themselves."""
    return Citation("accord")


def parse_citation(text: object) -> Citation:
    """Reads `law article?`, where an article may be missing and `?` says that its number is not `sure`.

    Raises:
        ValueError: No text, or no such law.
    """
    if isinstance(text, Citation):
        return text
    if not isinstance(text, str):
        raise ValueError(f"{text} is not a citation such as `law article`")
    law, _, article = text.removesuffix("?").partition(" ")
    if law not in laws():
        raise ValueError(f"{law} is not a law of {_FILE}")
    return Citation(law, article, not text.endswith("?"))


# A citation that a file may write as text.
Cited = Annotated[Citation, BeforeValidator(parse_citation)]
