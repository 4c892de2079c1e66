"""The form of a policy file. What the names in it mean is checked in `policy`."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
"""A city, or "all" for every member."""
Purpose = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.-]{0,63}$")]
RuleId = Annotated[str, StringConstraints(pattern=r"^\S(.{0,78}\S)?$")]
WITHHELD: Literal["withheld"] = "withheld"
Version = Annotated[int, Field(ge=1)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class RuleEntry(_Entry):
    """A rule as written: it shares facets with cities, or withholds whole records from them."""

    id: RuleId | None = None
    share: str | None = None
    withhold: str | None = None
    version: Version | None = None
    with_: list[Slug] = Field(default=[], alias="with")
    from_: list[Slug] = Field(default=[], alias="from")
    purpose: Purpose | None = None
    facets: list[str] = []
    when: str | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.share is None) == (self.withhold is None):
            raise ValueError("a rule says either share or withhold, and of which standard")
        if self.share is not None and (self.from_ or not (self.with_ and self.purpose and self.facets)):
            raise ValueError("a rule that shares needs with, purpose and facets, and has no from")
        if self.withhold is not None and (self.with_ or self.facets or not self.from_):
            raise ValueError("a rule that withholds needs from, and has no with or facets: all of a record is withheld")
        return self


class TestEntry(_Entry):
    """A test case as written; header and body in protobuf's JSON form."""

    __test__ = False  # The name is the domain's; pytest is not to collect it.

    name: str
    standard: str
    version: Version | None = None
    peer: Slug
    purpose: Purpose
    header: dict[str, Any] = {}
    body: dict[str, Any] = {}
    expect: Literal["withheld"] | list[str]


class PolicyEntry(_Entry):
    """The whole file as written."""

    city: Slug
    rules: list[RuleEntry]
    tests: list[TestEntry] = []
