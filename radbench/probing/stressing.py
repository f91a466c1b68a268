"""From a model and a task to how it reacts to edited inputs: the plain run, a run an edit, and what changed between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import numpy as np

from radbench.catalog import Catalog
from radbench.catalog.cards import Score, TaskCard
from radbench.errors import ContentError, RadbenchError, ScoringError, nearest
from radbench.evaluation import Asking, Result, evaluate_all
from radbench.folder import PredictionIndex
from radbench.probing.edited_plan import MARK, edited, n_samples
from radbench.probing.inputs import INPUT_EDITS, Rule
from radbench.probing.invariants import holds
from radbench.probing.paired_change import LEVEL, Change, change
from radbench.running.engine import Control
from radbench.running.plan import Plan
from radbench.sample import Case
from radbench.scoring import IntervalSettings
from radbench.scoring.cases import CaseReader
from radbench.scoring.stored import StoredRun
from radbench.statistics.multiplicity import draws_needed, holm, smallest_adjusted
from radbench.statistics.proportions import effective_cases, wilson_interval
from radbench.terms import words

ALPHA: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A share of cases with Wilson's interval, by cluster."""

    count: int
    n: int
    n_clusters: int
    value: float | None
    ci: tuple[float, float] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """What one edit does to the answers of a model."""

    edit: str
    rule: Rule
    n: int  # samples that were edited and have both answers
    change: Change | None  # of the task's primary value; None: why stands in `problem`
    p_adjusted: float | None  # Holm, over the edits tested
    same: Share  # answers that are the same as without the edit, of those that can be told
    broken: Share | None  # answers that break the rule, of those that can be judged; None: the edit has none
    broken_samples: tuple[str, ...]  # by id
    run: str  # the folder of its run
    problem: str = ""  # what is not whole of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Stress:
    """What `radbench stress` found."""

    task: str
    model: str
    run: str  # the folder of the plain run
    draws: int
    seed: int
    reactions: tuple[Reaction, ...]
    inapplicable: tuple[str, ...]  # edits that apply to no sample
    problems: tuple[str, ...] = ()  # what is not whole

    def as_json(self) -> dict[str, Any]:
        """All of it, as JSON; undefined numbers are None."""
        return asdict(self)


def stress(plan: Plan, names: Sequence[str], asking: Asking, control: Control, *, draws: int = 10_000) -> Stress:
    """Ask the samples of a plan as they are and under edits, and compare. What was asked before is not asked again.

    Args:
        plan: one task of one model; its seed is that of all draws.
        names: edits; none for all that apply.
        asking: as the plan was made with.
        control: how runs are watched and stopped.
        draws: of clusters for intervals and of swaps for tests; 0: neither.

    Raises:
        ContentError: there is no such edit, none applies, or so few draws cannot show anything of so many edits.
        RadbenchError: the model or the data cannot be had.
    """
    for name in names:
        if name not in INPUT_EDITS:
            raise ContentError(f"no edit `{name}`{nearest(name, INPUT_EDITS)} The edits: {', '.join(INPUT_EDITS)}")
    chosen = {name: edited(plan, name) for name in names or INPUT_EDITS}
    asked = {name: own for name, own in chosen.items() if n_samples(own)}
    if not asked:
        raise ContentError(f"task {plan.task.name}: no sample has what {', '.join(chosen)} would change")
    if draws and smallest_adjusted(len(asked), draws) > ALPHA:
        raise ContentError(
            f"--draws {draws} is too few for {len(asked)} edits: nothing could be significant at {ALPHA} after correction. "
            f"At least {draws_needed(len(asked), ALPHA)} are needed, or 0 for no tests"
        )
    results = list(evaluate_all([plan, *asked.values()], asking, control, IntervalSettings(draws=0)))
    by_folder = {result.folder.path: result for result in results}
    first = by_folder.get(plan.folder.path)
    if first is None or first.summary is None:
        raise RadbenchError(f"{plan.task.name} x {plan.model.name}: {first.message if first else 'it was not asked'}")
    stored = StoredRun.open(first.folder, plan.catalog)
    plain = _Plain(stored, _cases(stored, plan.catalog), plan.catalog, draws, plan.settings.seed)
    reactions, problems = [], [] if first.is_whole else [_fault(first)]
    for name, own in asked.items():
        result = by_folder.get(own.folder.path)
        if result is None or result.summary is None:
            problems.append(f"{name}: {result.message if result else 'it was not asked'}")
            continue
        reactions.append(_reaction(name, plain, result))
        if not result.is_whole:
            problems.append(f"{name}: {_fault(result)}")
    return Stress(
        task=plan.task.name,
        model=plan.model.name,
        run=str(first.folder.path),
        draws=draws,
        seed=plan.settings.seed,
        reactions=_corrected(reactions),
        inapplicable=tuple(name for name in chosen if name not in asked),
        problems=tuple(problems),
    )


@dataclass(frozen=True, slots=True)
class _Plain:
    """The run of samples as they are, which others are held against."""

    stored: StoredRun
    cases: Mapping[str, Case]  # by sample
    catalog: Catalog
    draws: int
    seed: int


def _reaction(name: str, plain: _Plain, result: Result) -> Reaction:
    after = StoredRun.open(result.folder, plain.catalog)
    edit, cases = INPUT_EDITS[name], _cases(after, plain.catalog)
    both = [id_ for id_, case in cases.items() if id_ in plain.cases and (edit.images != "real" or MARK in case.sample.subgroups)]
    problem, changed = "", None
    try:
        changed = change(plain.stored, after, frozenset(both), plain.draws, plain.seed)
    except ScoringError as error:
        problem = words(error)
    verdicts = {id_: holds(edit.rule, plain.cases[id_], cases[id_]) for id_ in both}
    unmoved = {id_: holds("keep", plain.cases[id_], cases[id_]) for id_ in both}
    return Reaction(
        edit=name,
        rule=edit.rule,
        n=len(both),
        change=changed,
        p_adjusted=None,
        same=_share(unmoved, plain),
        broken=_share({id_: None if held is None else not held for id_, held in verdicts.items()}, plain) if edit.rule else None,
        broken_samples=tuple(id_ for id_, held in verdicts.items() if held is False),
        run=str(result.folder.path),
        problem=problem,
    )


def _cases(stored: StoredRun, catalog: Catalog) -> dict[str, Case]:
    """The cases of a run by sample, as they were asked, of the first repeat."""
    half = Score.model_validate(stored.summary.score)
    card = TaskCard.model_validate({**stored.run.task_card, "score": stored.summary.score})
    protocol = catalog.build("protocols", card.ask.protocol, {**card.ask.options, "answer": card.ask.answer, "reader": half.reader})
    as_asked = half.model_copy(update={"section": "as_is", "clean": (), "absent": ""})
    with PredictionIndex(stored.folder.predictions) as index:
        return {c.sample.id: c for c in CaseReader(stored.folder, index, protocol, stored.run, as_asked) if c.repeat == 0}


def _share(verdicts: Mapping[str, bool | None], plain: _Plain) -> Share:
    """The share of true verdicts among those that there are, with an interval by cluster."""
    known = [(plain.cases[id_].sample.cluster or id_, verdict) for id_, verdict in verdicts.items() if verdict is not None]
    names, codes = np.unique(np.array([cluster for cluster, _ in known], dtype=np.str_), return_inverse=True)
    hits = np.array([verdict for _, verdict in known], dtype=np.float64)
    if not known:
        return Share(count=0, n=0, n_clusters=0, value=None, ci=None)
    share, worth = float(hits.mean()), effective_cases(hits, codes)
    ci = wilson_interval(share * worth, worth, LEVEL)
    return Share(count=int(hits.sum()), n=len(known), n_clusters=len(names), value=share, ci=ci)


def _corrected(reactions: Sequence[Reaction]) -> tuple[Reaction, ...]:
    """With p adjusted for the number of edits tested."""
    raw = [one.change.p if one.change is not None else None for one in reactions]
    adjusted = holm(np.array([np.nan if p is None else p for p in raw]))
    return tuple(replace(one, p_adjusted=None if np.isnan(p) else float(p)) for one, p in zip(reactions, adjusted.tolist(), strict=True))


def _fault(result: Result) -> str:
    counts = result.summary.counts if result.summary else None
    failed = [f"{counts.n_failed} of {counts.n_total} replies failed"] if counts and counts.n_failed else []
    return "; ".join([result.status, *failed, *(result.summary.problems if result.summary else ()), *filter(None, [result.message])])
