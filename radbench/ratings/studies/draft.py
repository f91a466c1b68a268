"""The draft of a rating study, STUDY.yaml: what the owner writes before anything is drawn."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from radbench.catalog.wording import expected
from radbench.catalog.yaml_text import read_yaml
from radbench.errors import ContentError, nearest
from radbench.ratings.table import ERROR_CATEGORIES

Mode: TypeAlias = Literal["ordinal", "errors", "ab", "spans"]
Name: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$")]  # stands in forms, files, paths

_LEVELS: Final = 2  # of a scale, at least


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Rater(_Part):
    """A person who rates."""

    id: Name
    years: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None  # of experience
    subspecialty: str = ""


class Criterion(_Part):
    """One question on a text (ordinal) or on a pair of texts (ab)."""

    name: Name
    question: str
    anchors: dict[int, str] = {}  # ordinal: what each level of the scale means
    lower_is_better: bool = False


class Controls(_Part):
    """Items whose right answer is known."""

    reference: Annotated[int, Field(ge=0)] = 0  # the reference itself, as if a system had written it
    shuffled: Annotated[int, Field(ge=0)] = 0  # the reference of another case


class Draft(_Part):
    """What is to be rated and how."""

    title: str
    mode: Mode
    raters: Annotated[tuple[Rater, ...], Field(min_length=1)]
    cases: Annotated[int, Field(ge=1)]  # how many are drawn
    criteria: tuple[Criterion, ...] = ()
    categories: Annotated[tuple[Name, ...], Field(min_length=1)] = ERROR_CATEGORIES  # of errors and spans
    strengths: tuple[str, ...] = ("slightly", "clearly")  # of a preference, rising; none: not asked
    reference: Literal["always", "asked", "never"] = "always"  # whether the rater sees it
    show: tuple[str, ...] | None = None  # texts of the sample beside it: indication, prior ...; None: all it has
    images: bool = True
    strata: tuple[str, ...] = ()  # subgroups within which cases are drawn in proportion
    overlap: Annotated[float, Field(ge=0, le=1)] = 1.0  # share of the cases that all raters see
    repeats: Annotated[float, Field(ge=0, le=0.5)] = 0.0  # share of a rater's items that come again later
    controls: Controls = Controls()
    seed: int = 0

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        for what, names in (("raters", [rater.id for rater in self.raters]), ("criteria", [c.name for c in self.criteria])):
            if len(set(names)) < len(names):
                raise ValueError(f"{what} with different names")
        if len(set(self.categories)) < len(self.categories):
            raise ValueError("categories with different names")
        match self.mode:
            case "ordinal" if not self.criteria:
                raise ValueError("`criteria` with `anchors`, since the mode is ordinal")
            case "ordinal":
                for criterion in self.criteria:
                    levels = sorted(criterion.anchors)
                    if len(levels) < _LEVELS or levels != list(range(levels[0], levels[-1] + 1)):
                        raise ValueError(
                            f"`anchors` of `{criterion.name}`: whole numbers without a gap, two at least, each with its meaning"
                        )
            case "ab" if any(criterion.anchors for criterion in self.criteria):
                raise ValueError("criteria without `anchors`, since the mode is ab")
            case "errors" | "spans" if self.criteria:
                raise ValueError(f"`categories` in the place of `criteria`, since the mode is {self.mode}")
            case _:
                pass
        return self

    @property
    def questions(self) -> tuple[Criterion, ...]:
        """The criteria that are asked; `preference` where an ab study names none."""
        if self.mode == "ab" and not self.criteria:
            return (Criterion(name="preference", question="Which report is better?"),)
        return self.criteria


def read_draft(path: Path) -> Draft:
    """The draft in a YAML file.

    Raises:
        ContentError: the file cannot be read, or a key is unknown, missing or holds the wrong thing: with its line.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ContentError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
    data, lines = read_yaml(text, str(path))
    if not isinstance(data, dict):
        raise ContentError(f"{path}:1: expected a mapping with the keys of a study: {', '.join(Draft.model_fields)}.")
    try:
        return Draft.model_validate(data)
    except ValidationError as error:
        problem = min(error.errors(), key=lambda problem: problem["type"] != "extra_forbidden")  # a slip is often a missing key too
        at = tuple(part for part in problem["loc"] if isinstance(part, int) or not re.search(r"\W", part))
        line = next((lines[at[:n]] for n in range(len(at), 0, -1) if at[:n] in lines), 1)
        key = ".".join(map(str, at)) or "the study"
        if problem["type"] == "extra_forbidden":
            near = nearest(str(at[-1]), Draft.model_fields) if len(at) == 1 else "."
            raise ContentError(f"{path}:{line}: key `{key}` is unknown{near}") from error
        if problem["type"] == "missing":
            raise ContentError(f"{path}:{line}: key `{key}` is missing.") from error
        if problem["type"] == "value_error":
            raise ContentError(f"{path}:{line}: expected {expected(problem)}.") from error
        raise ContentError(f"{path}:{line}: `{key}`: {expected(problem)}, got `{problem['input']}`.") from error


def read_rater(text: str) -> Rater:
    """A rater as `ID[,YEARS[,SUBSPECIALTY]]`.

    Raises:
        ContentError: it is not of that form.
    """
    name, _, more = text.partition(",")
    years, _, subspecialty = more.partition(",")
    try:
        return Rater.model_validate({"id": name.strip(), "years": years.strip() or None, "subspecialty": subspecialty.strip()})
    except ValidationError as error:
        raise ContentError(f"`{text}`: expected a rater as ID, ID,YEARS or ID,YEARS,SUBSPECIALTY") from error
