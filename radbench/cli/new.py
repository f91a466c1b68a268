"""`radbench new`: one commented file to start from, which `radbench validate` accepts as it stands."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from radbench.catalog import CardKind, ComponentKind
from radbench.catalog.components import canonical, class_name
from radbench.catalog.files import NAME
from radbench.cli.options import JsonOption, open_catalog
from radbench.cli.output import print_json
from radbench.errors import ContentError, UnknownNameError

_LISTS: Final[dict[str, CardKind | ComponentKind]] = {"task": "tasks", "model": "models", "metric": "metrics", "dataset": "datasets"}
KINDS: Final = tuple(_LISTS)


def new(
    kind: Annotated[str, typer.Argument(help=" | ".join(KINDS))],
    name: Annotated[str, typer.Argument(help="Of a task: suite.name.")],
    folder: Annotated[Path, typer.Option("--folder", metavar="DIR", help="Where to write it.")] = Path(),
    as_json: JsonOption = False,
) -> None:
    """Write a task card, or the code of a model, metric or data set, to start from."""
    if kind not in KINDS:
        raise UnknownNameError("kind", kind, KINDS, " ".join(KINDS))
    name = canonical(name)
    is_of_kind = all(name.partition(".")) if kind == "task" else class_name(name).isidentifier()
    if not NAME.fullmatch(name) or not is_of_kind:
        form = "`suite.name`, such as `mylab.closed`" if kind == "task" else "something like `my-metric`"
        raise ContentError(f"`{name}` is no name for a {kind}; expected {form}.")
    path = folder / (f"{name}.yaml" if kind == "task" else f"{name.replace('-', '_')}.py")
    if path.exists():
        raise ContentError(f"{path} exists; move it away or choose another name.")
    if open_catalog().has(_LISTS[kind], name):
        raise ContentError(f"there is a {kind} `{name}` (radbench show {name}); choose another name.")
    text = _TEMPLATES[kind].replace("NAME", name).replace("CLASS", class_name(name))
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(_hashed(text, path) if kind == "task" else text, encoding="utf-8")
    if as_json:
        print_json({"file": str(path)})
    else:
        sys.stdout.write(f"wrote {path}; check it: radbench validate {path}\n")


def _hashed(text: str, path: Path) -> str:
    """The task card with the hash of its ask half."""
    from radbench.catalog.cards import TaskCard, ask_hash
    from radbench.catalog.reading import parse_card

    return text.replace("HASH", ask_hash(parse_card(text.replace("HASH", ""), path, TaskCard)))


_TASK: Final = """\
title: One line that says what is asked of which data
ask: # what is put before a model; any change of it needs a new version and a new hash
  version: 1
  dataset: jsonl # `radbench ls datasets`; jsonl and csv read files of your own
  dataset_options:
    file: NAME.jsonl # one JSON object a line, keys as below
    columns: {id: id, image: image, question: question, answer: answer, cluster: patient}
    answer_kind: text # text, choice, labels or boxes
    subgroups: [modality] # further columns, for selection and tables
    access: credentialed # open, non-commercial or credentialed: closed data never leave for an external host unasked
  split: test
  protocol: vqa # `radbench ls protocols`, `radbench show vqa`
  options: {form: open} # the protocol's own options
score: # how answers are read and measured; changes freely
  metrics: [answer-text] # `radbench ls metrics`; with options: {bleu: {case: lower}}
  primary: token_f1 # the value that stands for the task
  cluster: patient # what the column `cluster` is: what intervals resample
  subgroups: [modality]
hashes: {1: "HASH"}
about:
  summary: What it measures, in a sentence or two.
  licence: Terms of the data.
  access: credentialed
"""

_MODEL: Final = '''\
"""One line on the model NAME."""

from radbench.catalog import register
from radbench.sample import Media, Reply


@register("model", "NAME")
class CLASS:
    """What it answers, and how."""

    batch_size = 8  # how many requests it likes to see at once

    def __init__(self, *, greeting: str = "no finding"):  # options: a card's `arguments`, or --model-arg greeting=...
        self.greeting = greeting

    def load(self, reader):
        """Read weights, open clients. `reader.film(media)` later gives the pixels of an image."""
        self.reader = reader

    def identity(self):
        """All that decides its answers, as JSON: equal identities, equal answers."""
        return {"family": "NAME", "version": 1, "greeting": self.greeting}

    def generate(self, requests):
        """One reply a request, in order. Write `rank` or `embed` too if the model can (radbench.models.base)."""
        return [self.answer(request) for request in requests]

    def answer(self, request):
        parts = request.turns[-1].parts  # text and media, interleaved
        texts = [part for part in parts if not isinstance(part, Media)]
        return Reply(output=f"{self.greeting}: {' '.join(texts)}")
'''

_METRIC: Final = '''\
"""One line on the metric NAME.

Source: the paper or repository that defines it.
"""

import numpy as np

from radbench.catalog import register
from radbench.metrics.base import SumMetric, ratio


@register("metric", "NAME")
class CLASS(SumMetric):
    """Share of the reference's words that the answer contains, in [0, 1], higher is better."""

    name = "NAME"
    columns = ("recall", "cases")  # what a row holds

    def row(self, case):
        """The statistics of one case: here the recall, and 1 for the case itself."""
        said = set(case.text.lower().split())
        wanted = [set(reference.lower().split()) for reference in case.references]
        return np.array([max((len(said & words) / len(words) for words in wanted if words), default=0.0), 1.0])

    def value(self, sums):
        """Values from summed rows (m, 2); each an array (m,)."""
        return {"NAME": ratio(sums[:, 0], sums[:, 1])}
'''

_DATASET: Final = '''\
"""One line on the data set NAME, and its layout on disk:

    root/
      ...
"""

from radbench.catalog import register
from radbench.errors import ContentError
from radbench.sample import Sample, Text


@register("dataset", "NAME")
class CLASS:
    """One split. `root` is the folder given with --data-dir NAME=PATH; index files may be read here, images never."""

    access = "credentialed"  # open, non-commercial or credentialed

    def __init__(self, *, split: str, root=None):
        if split != "test":
            raise ContentError(f"NAME: no split `{split}`; expected test")
        self.records = [("1", "Is there an effusion?", "yes"), ("2", "Is the heart enlarged?", "no")]
        self.roots = {"NAME": root} if root else {}

    def __len__(self):
        return len(self.records)

    def __getitem__(self, index):
        id, question, answer = self.records[index]
        # media=(Media(name="NAME", path="images/1.png", modality="CR"),) adds an image, relative to the root
        return Sample(id=id, texts={"question": question}, references=(Text(answer),), cluster=f"patient {id}")

    def check(self):
        """What is missing on disk, one sentence each."""
        return []
'''

_TEMPLATES: Final = {"task": _TASK, "model": _MODEL, "metric": _METRIC, "dataset": _DATASET}
