"""Rows of a user's file as samples: what `jsonl` and `csv` have in common.

A row is a mapping from column to value. The task card says which column plays which part:

    dataset: jsonl
    dataset_options:
      file: questions_{split}.jsonl          # {split} is filled with the split's name
      columns: {id: qid, image: [frontal, lateral], question: question, answer: answer, cluster: patient}
      answer_kind: text                      # text, choice, labels or boxes
      subgroups: [sex, modality]
      access: open

A file whose name holds no `{split}` and whose rows name no split is its own `test` split.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final, Literal, TypeAlias, get_args

from radbench.datasets._cells import boxes_of, text_of, texts_of
from radbench.errors import ContentError, MissingDataError
from radbench.sample import Boxes, Choice, LabelSet, Media, Reference, Sample, Text
from radbench.terms import Access

AnswerKind: TypeAlias = Literal["text", "choice", "labels", "boxes"]
Row: TypeAlias = Mapping[str, Any]

_PARTS: Final = ("id", "question", "image", "modality", "answer", "rationale", "options", "cluster", "follows", "split")
_SPREAD: Final = ("image", "answer")  # the parts that may take several columns
_VOLUMES: Final = (".nii", ".nii.gz", ".npy", ".mha", ".nrrd")


class Table(ABC):
    """One split of a file of rows.

    Args:
        split: the split's name.
        root: the folder below which `file` and the images lie: that of the task card unless `--data-dir` names another;
            None: `file` is looked up from the current folder, and images from the folder of `file`.
        file: the file's path, with `{split}` where each split has a file of its own.
        columns: part -> column. Parts: id (default: the row's number, from 1), question, image, modality, answer,
            rationale, options, cluster, follows, split. `image` and `answer` may name several columns.
        answer_kind: what an answer is; several answers of a row are alternatives, any one of which is right.
        sections: section -> column, for reports: the reference is a text of these sections, instead of `answer`; with
            several, each stands in a line of its own after its head, as the report protocol reads `both`.
        texts: role -> column of further texts (indication, passage, width ...).
        options: the labels of every row, where rows have none of their own.
        subgroups: columns kept for selection and tables.
        access: the access class; credentialed unless said otherwise.

    A blank answer is no reference; `[]` is the empty set of labels or boxes. A choice may be given as its letter.
    Images ending in .nii, .nii.gz, .npy, .mha or .nrrd, and folders, are volumes.

    Raises:
        MissingDataError: the file is not there.
        ContentError: the options above are at odds with each other or with the file; later, at access, a bad row.
    """

    name: ClassVar[str]
    lies_beside_card: ClassVar[bool] = True
    separator: ClassVar[str] = ""  # what parts the items of a list in one cell; "": lists are lists

    def __init__(
        self,
        *,
        split: str,
        root: Path | None = None,
        file: str,
        columns: Mapping[str, str | Sequence[str]],
        answer_kind: AnswerKind = "text",
        sections: Mapping[str, str] | None = None,
        texts: Mapping[str, str] | None = None,
        options: Sequence[str] = (),
        subgroups: Sequence[str] = (),
        access: Access = "credentialed",
    ) -> None:
        _expect("part of `columns`", columns, _PARTS)
        _expect("`answer_kind`", [answer_kind], get_args(AnswerKind))
        _expect("`access`", [access], get_args(Access))
        column = {part: _one(columns, part) for part in _PARTS if part not in _SPREAD}
        self.access: Access = access
        self.path = _find(file, split, root)
        with self.path.open("rb") as rows:
            self.digest = hashlib.file_digest(rows, "sha256").hexdigest()
        self.roots: Mapping[str, Path] = {self.name: root or self.path.parent}
        self._split = split
        self._split_column = column["split"]
        if not self._split_column and "{split}" not in file and split != "test":
            raise ContentError(
                f"{self.path.name}: split `{split}` was asked for, but neither the file's name nor a column tells splits apart, "
                "so all its rows are `test`. Write {split} into `file`, or name a column as `split` under `columns`."
            )
        self._column = column
        self._images, self._answers = _several(columns, "image"), _several(columns, "answer")
        question = {"question": column["question"]} if column["question"] else {}
        self._texts = tuple((question | dict(texts or {})).items())
        self._sections = tuple((sections or {}).items())
        self._subgroups = tuple(subgroups)
        self._options = tuple(options)
        readers = {"text": self._texts_answered, "choice": self._choices, "labels": self._label_sets, "boxes": self._boxes}
        self._references = self._report if sections else readers[answer_kind]
        self._index()

    @abstractmethod
    def _index(self) -> None:
        """Read as much of the file as random access needs."""

    @abstractmethod
    def _row(self, index: int) -> Row:
        """The row of this number; ValueError where it cannot be read."""

    @abstractmethod
    def _line(self, index: int) -> int:
        """The line, from 1, of the row of this number: for messages."""

    @abstractmethod
    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Sample:
        if not 0 <= index < len(self):
            raise IndexError(index)
        try:
            return self._sample(self._row(index), index)
        except KeyError as error:
            missing = f"column `{error.args[0]}` is missing, which the card names"
            raise ContentError(f"{self.path.name}, line {self._line(index)}: {missing}") from error
        except ValueError as error:
            raise ContentError(f"{self.path.name}, line {self._line(index)}: {error}") from error

    def check(self) -> Sequence[str]:
        """What is missing or wrong, one sentence each: bad rows, ids that come twice, images that are not there."""
        found: dict[str, None] = {}
        ids: set[str] = set()
        root = self.roots[self.name]
        for index in range(len(self)):
            try:
                sample = self[index]
            except ContentError as error:
                found[str(error)] = None
                continue
            if sample.id in ids:
                found[f"{self.path.name}, line {self._line(index)}: id `{sample.id}` stands on an earlier row too"] = None
            ids.add(sample.id)
            found |= {f"image `{m.path}` is not below {root}": None for m in sample.media if not (root / m.path).exists()}
        return list(found)

    def _sample(self, row: Row, index: int) -> Sample:
        column = self._column
        options = tuple(texts_of(row[column["options"]], column["options"], self.separator)) if column["options"] else self._options
        return Sample(
            id=self._text(row, "id") or str(index + 1),
            media=self._media(row) if self._images else (),
            texts={role: text for role, name in self._texts if (text := text_of(row[name], name))},
            options=options,
            references=self._references(row, options),
            cluster=self._text(row, "cluster"),
            subgroups={name: text_of(row[name], name) for name in self._subgroups},
            follows=self._text(row, "follows"),
        )

    def _text(self, row: Row, part: str) -> str:
        name = self._column[part]
        return text_of(row[name], name) if name else ""

    def _media(self, row: Row) -> tuple[Media, ...]:
        modality = self._text(row, "modality")
        return tuple([_medium(self.name, path, modality) for name in self._images for path in texts_of(row[name], name, self.separator)])

    def _report(self, row: Row, options: tuple[str, ...]) -> tuple[Reference, ...]:  # noqa: ARG002  # one of the readers
        parts = {section: text for section, name in self._sections if (text := text_of(row[name], name))}
        whole = "\n".join(f"{section.capitalize()}: {text}" for section, text in parts.items())
        return (Text(whole if len(self._sections) > 1 else parts[self._sections[0][0]], parts),) if parts else ()

    def _texts_answered(self, row: Row, options: tuple[str, ...]) -> tuple[Reference, ...]:  # noqa: ARG002  # one of the readers
        return tuple([Text(text) for name in self._answers for text in texts_of(row[name], name)])

    def _choices(self, row: Row, options: tuple[str, ...]) -> tuple[Reference, ...]:
        rationale = self._text(row, "rationale")
        labels = [_label(text, options) for name in self._answers for text in texts_of(row[name], name)]
        return tuple(Choice(label, rationale=rationale) for label in labels)

    def _label_sets(self, row: Row, options: tuple[str, ...]) -> tuple[Reference, ...]:
        sets = [texts_of(row[name], name, self.separator) for name in self._answers if row[name] not in (None, "")]
        return tuple(LabelSet(tuple(_label(text, options) for text in labels)) for labels in sets)

    def _boxes(self, row: Row, options: tuple[str, ...]) -> tuple[Reference, ...]:  # noqa: ARG002  # one of the readers
        return tuple(Boxes(boxes_of(row[name], name)) for name in self._answers if row[name] not in (None, ""))


def _medium(name: str, path: str, modality: str) -> Media:
    path = path.replace("\\", "/")
    return Media(name=name, path=path, ndim=3 if path.endswith(_VOLUMES) or "." not in path else 2, modality=modality)


def _label(text: str, options: tuple[str, ...]) -> str:
    """The option that a cell names: in full, or by its letter."""
    if not options or text in options:
        return text
    place = ord(text) - ord("A") if len(text) == 1 else -1
    if 0 <= place < len(options):
        return options[place]
    raise ValueError(f"the answer is none of the row's {len(options)} options, nor the letter of one")


def _find(file: str, split: str, root: Path | None) -> Path:
    path = (root or Path()) / file.replace("{split}", split)
    if not path.is_file():
        mend = "" if root else "; --data-dir NAME=PATH says which folder it lies in, NAME being the card's data set"
        raise MissingDataError(f"no file `{path}`. The card names it as `file`, to be found below the data folder{mend}.")
    return path


def _expect(what: str, got: Iterable[str], allowed: Sequence[str]) -> None:
    wrong = [value for value in got if value not in allowed]
    if wrong:
        raise ContentError(f"unknown {what} `{wrong[0]}`; expected one of {', '.join(allowed)}")


def _one(columns: Mapping[str, str | Sequence[str]], part: str) -> str:
    name = columns.get(part, "")
    if not isinstance(name, str):
        raise ContentError(f"`columns`: `{part}` expects the name of one column, got {list(name)}")
    return name


def _several(columns: Mapping[str, str | Sequence[str]], part: str) -> tuple[str, ...]:
    names = columns.get(part, ())
    return (names,) if isinstance(names, str) else tuple(names)
