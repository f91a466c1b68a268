"""VQA-RAD: questions that clinicians asked about radiology images, with answers (Lau et al., Scientific Data 2018).

Two packagings are read; they differ in the number of records, so the packaging belongs to the ask half of a card:

    packaging mevf                      packaging osf
      trainset.json   3,064 records       VQA_RAD Dataset Public.json    2,248 records, both splits
      testset.json      451 records       VQA_RAD Image Folder/*.jpg
      images/*.jpg

In the OSF file the test split is the records whose phrase_type begins with `test_`. Answers are JSON integers in some
records, and answer_type holds trailing blanks in some; both are read as text without blanks.

No patient is published: the cluster is the image. All 203 images of the test split occur in the train split too.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final, Literal, TypeAlias, get_args

from radbench.errors import ContentError, MissingDataError
from radbench.sample import Choice, Media, Sample, Text
from radbench.terms import Access

Packaging: TypeAlias = Literal["mevf", "osf"]

_OSF_FILE: Final = "VQA_RAD Dataset Public.json"
_IMAGES: Final[Mapping[str, str]] = {"mevf": "images", "osf": "VQA_RAD Image Folder"}
_LAYOUT: Final = f"""expected below the folder given with --data-dir vqarad=PATH, either
  trainset.json
  testset.json
  images/synpic*.jpg
as packaged for MEVF, or
  {_OSF_FILE}
  VQA_RAD Image Folder/synpic*.jpg
as published on osf.io/89kps (CC0 1.0, no registration)"""


class Vqarad:
    """One split (`train` or `test`) of VQA-RAD.

    A closed question has a Choice as reference, in lower case. Its options are yes and no where the answer is one of
    them, the two alternatives where the question names them around an "or", and none otherwise. An open one has a Text.
    Subgroups: answer_type (open, closed), question_type (the types in capitals, joined by ", "), organ, phrase_type.

    Raises:
        MissingDataError: no index file of the packaging below `root`.
        ContentError: another split or packaging than named here.
    """

    name: ClassVar[str] = "vqarad"
    access: Access = "open"

    def __init__(self, *, split: str, root: Path | None = None, packaging: Packaging | None = None) -> None:
        if split not in ("train", "test"):
            raise ContentError(f"vqarad: no split `{split}`; expected train or test")
        if packaging not in (None, *get_args(Packaging)):
            raise ContentError(f"vqarad: unknown packaging `{packaging}`; expected mevf or osf")
        if root is None:
            raise MissingDataError(f"vqarad: no data folder was given; {_LAYOUT}")
        self.packaging: Packaging = packaging or ("osf" if (root / _OSF_FILE).is_file() else "mevf")
        path = root / (_OSF_FILE if self.packaging == "osf" else f"{split}set.json")
        if not path.is_file():
            raise MissingDataError(f"vqarad: no file `{path}`; {_LAYOUT}")
        index = path.read_bytes()
        self.digest = hashlib.sha256(index).hexdigest()
        records: list[dict[str, Any]] = json.loads(index)
        if self.packaging == "osf":
            records = [r for r in records if str(r["phrase_type"]).startswith("test_") == (split == "test")]
        self._records = records
        self.roots: Mapping[str, Path] = {self.name: root}

    def __len__(self) -> int:
        return len(self._records)

    def __getitem__(self, index: int) -> Sample:
        record = self._records[index]
        question = str(record["question"]).strip()
        answer = str(record["answer"]).strip()
        answer_type = str(record["answer_type"]).strip().lower()
        image = str(record["image_name"])
        closed = answer_type == "closed"
        return Sample(
            id=str(record.get("qid", index)),
            media=(Media(name=self.name, path=f"{_IMAGES[self.packaging]}/{image}"),),
            texts={"question": question},
            options=_options(question.lower(), answer.lower()) if closed else (),
            references=(Choice(answer.lower()) if closed else Text(answer),),
            cluster=image,
            subgroups={
                "answer_type": answer_type,
                "question_type": str(record["question_type"]).strip().upper(),
                "organ": str(record["image_organ"]).strip(),
                "phrase_type": str(record["phrase_type"]).strip().removeprefix("test_"),
            },
        )

    def check(self) -> Sequence[str]:
        """Images that records name and the folder lacks, one sentence each."""
        folder = self.roots[self.name] / _IMAGES[self.packaging]
        names = dict.fromkeys(str(record["image_name"]) for record in self._records)
        return [f"image `{name}` is not in {folder}" for name in names if not (folder / name).is_file()]


def _options(question: str, answer: str) -> tuple[str, ...]:
    """The answers that a closed question leaves open, as far as it says so itself.

    >>> _options("is the lesion in gray or white matter?", "white matter")
    ('gray matter', 'white matter')
    """
    if answer in ("yes", "no"):
        return ("yes", "no")
    words = re.findall(r"[\w-]+", question)
    length = len(answer.split())
    for place in (i for i, word in enumerate(words) if word == "or" and i > 0):
        second = words[place + 1 : place + 1 + length]
        pair = (" ".join([words[place - 1], *second[1:]]), " ".join(second))
        if answer in pair:
            return pair
    return ()
