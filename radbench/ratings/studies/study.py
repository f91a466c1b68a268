"""The frozen study: its records, its hash, and the files of its folder."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, ValidationError

from radbench.errors import ContentError
from radbench.folder import write_json
from radbench.ratings.studies.draft import Draft, Rater
from radbench.sample import Media
from radbench.terms import Access

FORMAT: Final = 1
MEDIA: Final = "media"  # the folder of the images, and the name they are known by
REFERENCE: Final = "control-reference"  # the writer of a control, as the key names it
SHUFFLED: Final = "control-shuffled"

Control: TypeAlias = Literal["", "reference", "shuffled"]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StudyCase(_Record):
    """What a text is judged against."""

    id: str  # opaque
    sample: str  # its id in the data set
    cluster: str
    strata: dict[str, str] = {}
    texts: dict[str, str] = {}  # indication, prior ...
    references: tuple[str, ...] = ()
    media: tuple[Media, ...] = ()  # below the study's own folder


class Item(_Record):
    """What is put before a rater: one text of a case, or two to choose between."""

    id: str  # opaque
    case: str
    arms: tuple[str, ...]  # codes of the texts, in the order of the codes
    control: Control = ""


class Showing(_Record):
    """An item at its place in a rater's order."""

    item: str
    arms: tuple[str, ...]  # as shown: left, right
    is_repeat: bool = False


class Study(_Record):
    """study.json: all that raters see and in which order. It names no system."""

    format: int = FORMAT
    hash: str = ""
    draft: Draft
    access: Access
    task: str
    cases: tuple[StudyCase, ...]
    items: tuple[Item, ...]
    arms: dict[str, str]  # code -> the text
    orders: dict[str, tuple[Showing, ...]]  # rater -> what is shown, in order
    key_hash: str  # of key.json
    notes: tuple[str, ...] = ()  # what was left out when it was made
    adjudicates: str = ""  # hash of the study whose disagreements it settles

    @cached_property
    def case_of(self) -> Mapping[str, StudyCase]:
        """The cases by their id."""
        return {case.id: case for case in self.cases}

    @cached_property
    def item_of(self) -> Mapping[str, Item]:
        """The items by their id."""
        return {item.id: item for item in self.items}

    @cached_property
    def rater_of(self) -> Mapping[str, Rater]:
        """The raters by their id."""
        return {rater.id: rater for rater in self.draft.raters}

    def frozen(self) -> Study:
        """The study with its hash."""
        return self.model_copy(update={"hash": _hash(self.model_dump(mode="json"))})


class Key(_Record):
    """key.json: who wrote what. Its salt keeps a code from being found by trying the systems."""

    salt: str
    systems: dict[str, str]  # code -> system, or REFERENCE, SHUFFLED

    @property
    def digest(self) -> str:
        """What the study states of its key."""
        return _hash(self.model_dump(mode="json"))


def code(salt: str, *parts: str, prefix: str = "") -> str:
    """An opaque name that only who holds the salt can make."""
    return prefix + hmac.digest(salt.encode(), "\0".join(parts).encode(), "sha256").hex()[:10]


class StudyFolder:
    """The files of a study. `path` may name the folder or its study.json."""

    def __init__(self, path: Path) -> None:
        self.path = path.parent if path.name == "study.json" else path
        self.study = self.path / "study.json"
        self.key = self.path / "key.json"
        self.links = self.path / "links"
        self.media = self.path / MEDIA
        self.answers = self.path / "answers.sqlite"

    def write(self, study: Study, key: Key) -> None:
        """Write a new study with its key and a secret link for each rater; the media are there already.

        Raises:
            ContentError: the folder holds a study: what is frozen is never written again.
        """
        if self.study.exists():
            raise ContentError(f"{self.study} is a frozen study: choose another folder with --out, or delete that one yourself")
        self.links.mkdir(parents=True, mode=0o700)
        _write_private(self.key, key.model_dump_json(indent=1) + "\n")
        for rater in study.draft.raters:
            _write_private(self.links / rater.id, f"/r/{secrets.token_urlsafe(32)}/\n")
        write_json(self.study, study)

    def read(self) -> Study:
        """The study.

        Raises:
            ContentError: there is none, it was changed after it was frozen, or a newer radbench wrote it.
        """
        try:
            document = json.loads(self.study.read_bytes())
        except FileNotFoundError as error:
            raise ContentError(f"no {self.study.name} in {self.path}: `radbench rate create` makes one") from error
        except ValueError as error:
            raise ContentError(f"{self.study} is damaged ({error}); take it from your backup") from error
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise ContentError(f"{self.study}: expected format {FORMAT}; a newer radbench may have written it")
        stated = document.pop("hash", "")
        if _hash(document) != stated:
            raise ContentError(
                f"{self.study} was changed after it was frozen (its hash is not {str(stated)[:12]}...): take the original from your "
                "backup; for another design make another study"
            )
        try:
            return Study.model_validate({**document, "hash": stated})
        except ValidationError as error:
            raise ContentError(f"{self.study}: {error.errors(include_input=False)[0]['msg']}") from error

    def read_key(self, study: Study) -> Key:
        """Who wrote what; for exports after unblinding, and for a study made of this one.

        Raises:
            ContentError: key.json is absent, or not the one that the study was frozen with.
        """
        try:
            key = Key.model_validate_json(self.key.read_bytes())
        except FileNotFoundError as error:
            raise ContentError(f"no {self.key}: without it nobody can tell who wrote which text; take it from your backup") from error
        except ValidationError as error:
            raise ContentError(f"{self.key} is damaged; take it from your backup") from error
        if key.digest != study.key_hash:
            raise ContentError(f"{self.key} is not the key that the study was frozen with; take that from your backup")
        return key

    def read_links(self, study: Study) -> dict[str, str]:
        """The secret in each rater's link.

        Raises:
            ContentError: a link is missing or damaged.
        """
        found = {}
        for rater in study.orders:
            file = self.links / rater
            parts = file.read_text("utf-8").strip().split("/") if file.is_file() else []
            if len(parts) != 4 or parts[1] != "r" or len(parts[2]) < 32:
                raise ContentError(f"{file}: expected one line, /r/SECRET/; take it from your backup")
            found[rater] = parts[2]
        return found


def _hash(document: Mapping[str, Any]) -> str:
    content = {name: value for name, value in document.items() if name != "hash"}
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _write_private(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
