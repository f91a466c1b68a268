"""The card of a submission: what its makers state of the model and of the data it saw, in a short YAML file.

    title: Reporter 7B                       # one line
    maker: Example Lab
    contact: reports@example.org             # stays with the organiser
    open: true                               # whether weights can be had
    trained_on: {mimic-cxr: [train]}         # data set -> splits seen in training; {}: not told
    prompts: The task's own prompt, no examples.
    data_use: The test set was used for nothing but the predictions sent in.
    parameters: 7B                           # optional, and so are licence, paper, home, summary

The file's name is the model's name. It is written by strangers: it names no files, holds no YAML aliases, and is small.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from radbench.catalog.cards import AboutModel, ModelCard, Words
from radbench.catalog.files import NAME
from radbench.catalog.wording import expected
from radbench.catalog.yaml_text import read_yaml
from radbench.errors import ContentError, nearest

MOST_BYTES: Final = 16384  # of a card; all it has to say fits in a quarter of that
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the other one takes minutes for a card of brackets
_MOST_NAME: Final = 64  # characters: the name is that of a folder


def _plain(text: str) -> str:
    """The text on one line; refused where it holds what is not printed."""
    line = " ".join(text.split())
    if not line.isprintable():
        raise ValueError("expected text without control characters")
    return line


Line: TypeAlias = Annotated[str, AfterValidator(_plain), Field(max_length=200)]
Statement: TypeAlias = Annotated[str, AfterValidator(_plain), Field(min_length=1, max_length=4000)]
Stated: TypeAlias = Annotated[Line, Field(min_length=1)]


class Submission(BaseModel):
    """What the makers of a submission state; as a model's card it replays their predictions."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    name: str  # the file's, without its suffix
    title: Stated
    maker: Stated
    contact: Stated  # is never published
    open: bool
    trained_on: Mapping[str, Words]
    prompts: Statement  # how the model was asked
    data_use: Statement
    parameters: Line = ""
    licence: Line = ""
    paper: Line = ""
    home: Line = ""
    summary: Line = ""

    def model_card(self, predictions: Path) -> ModelCard:
        """The card of a model that replays a file of predictions."""
        stated = (f"maker: {self.maker}", f"prompts: {self.prompts}", f"data use: {self.data_use}")
        about = AboutModel(
            summary=self.summary,
            parameters=self.parameters,
            licence=self.licence,
            open=self.open,
            paper=self.paper,
            home=self.home,
            trained_on=self.trained_on,
            notes=stated,
        )
        return ModelCard(name=self.name, title=self.title, family="replay", arguments={"file": str(predictions.absolute())}, about=about)


def read_submission(path: Path) -> Submission:
    """The submission's card in a YAML file.

    Raises:
        ContentError: the file is no plain file, too large or no YAML; its name is none for a model; or a key is unknown,
            missing or holds the wrong thing: with its line.
    """
    if not NAME.fullmatch(path.stem) or len(path.stem) > _MOST_NAME:
        raise ContentError(
            f"{path}: its name names the model, and a folder: up to {_MOST_NAME} letters, digits, dashes, underscores and dots, "
            "a letter or digit first"
        )
    text = _read(path)
    _refuse_aliases(text, path)
    data, lines = read_yaml(text, str(path))
    known = [name for name in Submission.model_fields if name != "name"]
    if not isinstance(data, dict):
        raise ContentError(f"{path}:1: expected a mapping with the keys of a submission: {', '.join(known)}")
    if "name" in data:
        raise ContentError(f"{path}:{lines['name',]}: key `name` is unknown: the file's name is the model's, `{path.stem}`")
    try:
        return Submission.model_validate({**{str(key): value for key, value in data.items()}, "name": path.stem})
    except ValidationError as error:
        said = []
        for problem in error.errors(include_input=False, include_url=False):
            at = tuple(problem["loc"])
            line, key = next((lines[at[:n]] for n in range(len(at), 0, -1) if at[:n] in lines), 1), ".".join(map(str, at))
            match problem["type"]:
                case "extra_forbidden":
                    said.append(f"{path}:{line}: key `{key}` is unknown{nearest(key, known)} Known: {', '.join(known)}")
                case "missing":
                    said.append(f"{path}:{line}: key `{key}` is missing")
                case _:
                    said.append(f"{path}:{line}: `{key}`: {expected(problem)}")
        raise ContentError("\n".join(said)) from error


def _read(path: Path) -> str:
    if path.is_symlink() or not path.is_file():
        raise ContentError(f"{path}: is no plain file: give the card of the submission itself, no link to it")
    if (size := path.stat().st_size) > MOST_BYTES:
        raise ContentError(f"{path}: has {size} bytes, and a card has {MOST_BYTES} at most: is it the card?")
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ContentError(f"{path}: is not UTF-8 text (byte {error.start}): save it as UTF-8") from error


def _refuse_aliases(text: str, path: Path) -> None:
    """Refuse YAML in which a few lines of aliases stand for more than memory holds."""
    try:
        aliases = [token for token in yaml.scan(text, Loader=_LOADER) if isinstance(token, yaml.AliasToken)]
    except (yaml.YAMLError, ValueError):
        return  # what is wrong with it is told when it is read
    if aliases:
        raise ContentError(f"{path}:{aliases[0].start_mark.line + 1}: a card of a submission holds no aliases (`*name`): write it out")
