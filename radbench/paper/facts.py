"""What a board's numbers rest on, gathered once for all parts of a bundle: its runs, tasks, models, metrics and judges."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from radbench.catalog import Catalog
from radbench.catalog.cards import Score
from radbench.errors import RadbenchError
from radbench.leaderboard.board import Board
from radbench.leaderboard.cells import LineKind, Part
from radbench.leaderboard.printing.bibtex import bibtex
from radbench.metrics.base import Metric

_SOURCE: Final = re.compile(r"^Sources?:\s*(.+?)(?:\n\s*\n|\Z)", re.DOTALL | re.MULTILINE)
_KEY: Final = re.compile(r"^@misc\{([^,]+),", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Facts:
    """A board's own runs and what they were made with."""

    board: Board
    catalog: Catalog
    runs: Mapping[str, Part]  # run id -> any value of it; by task, model and id
    kinds: Mapping[str, LineKind]  # run id -> the kind of its line
    metrics: Mapping[str, Metric]  # how scored (the first half of a signature) -> the metric
    judges: Mapping[str, tuple[str, ...]]  # annotator -> the first digits of its identities
    bibliography: str
    citations: Mapping[str, str]  # text of a paper -> its key in the bibliography

    @property
    def by_task(self) -> Mapping[str, list[Part]]:
        """The runs of each task."""
        found: dict[str, list[Part]] = {}
        for part in self.runs.values():
            found.setdefault(part.run.task, []).append(part)
        return found

    @property
    def models(self) -> Mapping[str, list[Part]]:
        """The runs of each model that is no baseline or control."""
        found: dict[str, list[Part]] = {}
        for id_, part in self.runs.items():
            if self.kinds[id_] == "model":
                found.setdefault(part.run.model, []).append(part)
        return found

    def cited(self, paper: str) -> str:
        """A citation, as pandoc writes it; "" where nothing is known to cite."""
        return f" [@{self.citations[paper]}]" if paper in self.citations else ""


def gather(board: Board, catalog: Catalog) -> Facts:
    """The facts behind a board."""
    parts = {(p.run.task, p.run.model, p.run.id): (p, line.kind) for line in board.lines for cell in line.cells if cell for p in cell.parts}
    runs = {id_: part for (_, _, id_), (part, _) in sorted(parts.items(), key=lambda item: item[0])}
    kinds: dict[str, LineKind] = {id_: kind for (_, _, id_), (_, kind) in parts.items()}
    metrics: dict[str, Metric] = {}
    judges: dict[str, dict[str, None]] = {}
    for line in board.lines:
        for part in (part for cell in line.cells if cell for part in cell.parts):
            how = part.value.signature.partition("|ask:")[0]
            if how not in metrics and (metric := _metric(part, catalog)) is not None:
                metrics[how] = metric
            for name, identity in asked(part):
                judges.setdefault(name, {})[identity] = None
    papers = [str(part.run.task_card.get("about", {}).get("paper", "")) for part in runs.values()]
    papers += [str(part.run.model_card.get("about", {}).get("paper", "")) for part in runs.values()]
    papers += [source_of(metric) for metric in metrics.values()]
    papers += [paper_of_model(name, catalog) for name in judges]
    texts = list(dict.fromkeys(paper.strip() for paper in papers if paper.strip()))
    bibliography = bibtex(texts)
    keys = dict(zip(texts, _KEY.findall(bibliography), strict=True))
    return Facts(board, catalog, runs, kinds, metrics, {name: tuple(ids) for name, ids in judges.items()}, bibliography, keys)


def asked(part: Part) -> Iterator[tuple[str, str]]:
    """The annotators behind a value and the first digits of their identities, as its signature has them."""
    by = next((text for text in part.value.signature.split("|") if text.startswith("by:")), "")
    for one in by.removeprefix("by:").split(",") if by else ():
        name, _, identity = one.partition("@")
        yield name, identity


def source_of(metric: Metric) -> str:
    """The source that a metric's file states; "" where it states none."""
    found = _SOURCE.search(inspect.getdoc(sys.modules[type(metric).__module__]) or "")
    return " ".join(found[1].split()) if found else ""


def paper_of_model(name: str, catalog: Catalog) -> str:
    """The paper that a model's card states."""
    try:
        return catalog.model(name).about.paper
    except RadbenchError:
        return ""


def fact(card: Mapping[str, Any], name: str) -> str:
    """A fact of a card as a run keeps it, for people; "" where it states none."""
    found = card.get("about", {}).get(name, "")
    return ", ".join(map(str, found)) if isinstance(found, list | tuple) else str(found or "")


def _metric(part: Part, catalog: Catalog) -> Metric | None:
    """The metric of a value; None where it is no longer in the catalogue."""
    family = part.value.signature.partition("|")[0]
    for use in Score.model_validate(part.summary.score).metrics:
        try:
            metric: Metric = catalog.build("metrics", use.name, use.options)
        except RadbenchError:
            continue
        if metric.name == family and all(f"|{key}:{text}" in part.value.signature for key, text in metric.signature().items() if text):
            return metric
    return None
