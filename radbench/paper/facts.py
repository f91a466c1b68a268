"""What a board's numbers rest on, gathered once for all parts of a bundle: its runs, tasks, models, metrics and judges."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeVar

from radbench.catalog import Catalog
from radbench.catalog.cards import Score
from radbench.errors import RadbenchError
from radbench.leaderboard.board import Board, build
from radbench.leaderboard.cells import Asked, LineKind, Part
from radbench.leaderboard.printing.bibtex import Bibliography
from radbench.metrics.base import Metric
from radbench.records import comparable

AskedT = TypeVar("AskedT", bound=Asked)

_IDENTIFYING: Final = ("model", "served_model", "weights_sha256")  # of what a loaded model says of itself
_DIGITS: Final = 40  # of a name or a digest: enough to tell weights apart


@dataclass(frozen=True, slots=True)
class Judging:
    """An annotator behind a value, as a signature has it."""

    name: str
    identity: str  # the first digits of a hash
    served: str  # what its server says it ran; "": it runs here


@dataclass(frozen=True, slots=True)
class Facts:
    """A board's own runs and what they were made with."""

    board: Board
    catalog: Catalog
    runs: Mapping[str, Asked]  # run id -> the run; by task, model and id
    kinds: Mapping[str, LineKind]  # run id -> the kind of its line
    metrics: Mapping[str, Metric]  # how scored (the first half of a signature) -> the metric
    judges: Mapping[Judging, tuple[str, ...]]  # annotator -> the days between which its values' annotators answered, as ISO dates
    bibliography: Bibliography
    follow_ups: frozenset[str] = frozenset()  # the tasks some of whose questions come after another one's answer

    @property
    def by_task(self) -> Mapping[str, list[Asked]]:
        """The runs of each task."""
        return _grouped((one.run.task, one) for one in self.runs.values())

    @property
    def models(self) -> Mapping[str, list[Asked]]:
        """The runs of each model that is no baseline or control."""
        return _grouped((one.run.model, one) for id_, one in self.runs.items() if self.kinds[id_] == "model")

    @property
    def sources(self) -> Mapping[str, list[str]]:
        """The models that each source reports numbers of."""
        found: dict[str, list[str]] = {}
        for line in self.board.lines:
            for source in dict.fromkeys(cell.reported.source for cell in line.cells if cell and cell.reported):
                found.setdefault(source, []).append(line.name)
        return found

    @property
    def imported(self) -> Mapping[str, list[Asked]]:
        """The runs of each model whose predictions were made elsewhere: of how and when it was asked they tell nothing."""
        return _grouped((name, one) for name, parts in self.models.items() for one in parts if one.is_imported)

    @property
    def asked(self) -> Mapping[str, list[Asked]]:
        """The runs of each task in which radbench did the asking."""
        return _grouped((one.run.task, one) for one in self.runs.values() if not one.is_imported)

    def cited(self, *papers: str) -> str:
        """A citation, as pandoc writes it; "" where nothing is known to cite."""
        keys = dict.fromkeys(key for paper in papers for key in self.bibliography.keys.get(paper.strip(), ()))
        return f" [{'; '.join(f'@{key}' for key in keys)}]" if keys else ""


def of_own_runs(board: Board, catalog: Catalog) -> Board:
    """The board of the runs that it shows and of no others, without standings: so its words are those that `radbench verify` finds,
    who has these runs alone."""
    return build(
        board.card,
        {str(one.folder.path): one.folder for line in board.lines for cell in line.cells if cell for one in cell.runs}.values(),
        catalog,
    )


def gather(board: Board, catalog: Catalog) -> Facts:
    """The facts behind a board."""
    cells = [(cell, line.kind) for line in board.lines for cell in line.cells if cell is not None]
    found = {(one.run.task, one.run.model, one.run.id): (one, kind) for cell, kind in cells for one in cell.runs}
    runs = {id_: one for (_, _, id_), (one, _) in sorted(found.items(), key=lambda item: item[0])}
    kinds: dict[str, LineKind] = {id_: kind for (_, _, id_), (_, kind) in found.items()}
    metrics: dict[str, Metric] = {}
    judges: dict[Judging, set[str]] = {}
    for part in (part for cell, _ in cells for part in cell.parts):
        how = scored_as(part)
        if how not in metrics and (metric := _metric(part, catalog)) is not None:
            metrics[how] = metric
        for judging in _asked(part):
            judges.setdefault(judging, set()).update(_days(part))
    facts = Facts(board, catalog, runs, kinds, metrics, {who: tuple(sorted(days)) for who, days in judges.items()}, Bibliography.of(()))
    follow_ups = frozenset(task for task, parts in facts.asked.items() if _has_follow_ups(parts))
    return replace(facts, bibliography=Bibliography.of(_papers(facts)), follow_ups=follow_ups)


def _has_follow_ups(parts: Sequence[Asked]) -> bool:
    """As the samples of the largest run tell; a public summary has none."""
    largest = max(parts, key=lambda part: part.summary.counts.n_total).folder
    return largest.samples.exists() and any(record.follows for record in largest.iter_samples())


def sizes(parts: Sequence[Asked]) -> str:
    """How many cases of how many clusters runs of one task have: `55 cases from 40 clusters`; runs of its first samples have fewer."""
    found = {(part.summary.counts.n_total // part.run.settings.repeats, int(part.summary.intervals["n_clusters"])) for part in parts}
    return " or ".join(f"{n} cases from {n_clusters} clusters" for n, n_clusters in sorted(found, reverse=True))


def alike(said: Iterable[str]) -> str:
    """What is said of several runs, each thing once; "" where nothing is."""
    return " or ".join(dict.fromkeys(filter(None, said)))


def generation(part: Asked) -> str:
    """The settings that outputs were generated with, those of the command line included; "" where none are stated."""
    stated: Mapping[str, object] = part.run.model_card.get("options", {}).get("generation") or {}
    return ", ".join(f"{key} {value}" for key, value in stated.items())


def weights(part: Asked) -> str:
    """What was run, by the run's own record: weights with revision and digest, or the model asked for; "" where nothing tells."""
    options, identity = part.run.model_card.get("options", {}), part.run.identity
    named, revision = str(options.get("weights") or ""), options.get("revision")
    name = Path(named).name if Path(named).is_absolute() else named
    known = [f"{name} at {revision}" if revision else name] if name else []
    known += [f"{key} {str(identity[key])[:_DIGITS]}" for key in _IDENTIFYING if isinstance(identity.get(key), str)]
    return ", ".join(known)


def scored_as(part: Part) -> str:
    """How a value was scored: the first half of its signature, without the days on which judges answered."""
    return comparable(part.value.signature.partition("|ask:")[0])


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


def _papers(facts: Facts) -> Iterator[str]:
    """What the methods cite: of the board, its tasks, models, metrics and judges, and of the sources of reports."""
    yield facts.board.card.about.paper
    yield from (fact(parts[0].run.task_card, "paper") for parts in facts.by_task.values())
    yield from (fact(parts[0].run.model_card, "paper") for parts in facts.models.values())
    yield from facts.sources
    yield from (paper for metric in facts.metrics.values() for paper in metric.papers)
    yield from (paper_of_model(judging.name, facts.catalog) for judging in facts.judges)


def _grouped(named: Iterator[tuple[str, AskedT]]) -> Mapping[str, list[AskedT]]:
    found: dict[str, list[AskedT]] = {}
    for name, one in named:
        found.setdefault(name, []).append(one)
    return found


def _asked(part: Part) -> Iterator[Judging]:
    """The annotators behind a value."""
    for one in _field(part, "by:").split(","):
        name, mark, identity = one.partition("@")
        if mark:
            digits, _, served = identity.partition("(")
            yield Judging(name, digits, served.removesuffix(")"))


def _days(part: Part) -> list[str]:
    """The first and the last day on which servers answered for a value."""
    return [day for day in _field(part, "judged:").split("..") if day]


def _field(part: Part, name: str) -> str:
    """What follows a name in a value's signature."""
    return next((text.removeprefix(name) for text in part.value.signature.split("|") if text.startswith(name)), "")


def _metric(part: Part, catalog: Catalog) -> Metric | None:
    """The metric of a value: of those of its family the one whose options its signature states; None where it is no longer known.

    A metric that has seen no corpus may state less than the signature does, so the nearest one is taken.
    """
    family, stated = part.value.signature.partition("|")[0], set(part.value.signature.split("|"))
    found: list[tuple[int, Metric]] = []
    for use in Score.model_validate(part.summary.score).metrics:
        try:
            metric: Metric = catalog.build("metrics", use.name, use.options)
        except RadbenchError:
            continue
        if metric.name == family:
            found.append((sum(f"{key}:{text}" in stated for key, text in metric.signature().items()), metric))
    return max(found, key=lambda one: one[0])[1] if found else None
