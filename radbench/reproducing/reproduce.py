"""`radbench reproduce`: each published cell of a task beside the same value of a run, under the paper's convention and strict."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from radbench.catalog.cards import Score
from radbench.conventions import Aggregation, Preset
from radbench.errors import RunError
from radbench.evaluation import card_today, score_as_published
from radbench.folder import RunFolder
from radbench.leaderboard.published import UNSTATED
from radbench.records import RunRecord, Summary
from radbench.reproducing.cells import CellReproduced, Part, Reproduction, Scored, Verdict, Wanted, names_source, of_model, published_cells
from radbench.reproducing.steps import Scorer, Way, aggregation_of, family_of, needed, parts, scored, views
from radbench.running.annotations import Annotators
from radbench.scoring import IntervalSettings, score

_RECIPROCAL: Final = "1 / "
_SECTIONS: Final = {
    "findings": "findings",
    "impression": "impression",
    "both": "findings+impression",
}  # as splits of published rows call them


def reproduce(
    folder: RunFolder, paper: str, annotators: Annotators, *, model: str = "", ids: Sequence[str] | None = None, seed: int = 0
) -> Reproduction:
    """Hold a run against a paper's numbers.

    Args:
        folder: of the run; nothing is written into it.
        paper: a published convention (`conventions.PRESETS`).
        annotators: who answers what metrics ask.
        model: as published; by default the one that is called like the run's.
        ids: the samples that the paper scored; None: those of the run.
        seed: of draws.

    Raises:
        UnknownNameError: there is no such preset.
        ContentError: no published row belongs to the task or the model, or the run has none of the samples.
        RunError: the run is damaged.
    """
    run = folder.read_run()
    wanted = of_model(published_cells(annotators.catalog, run.task, paper), [run.model, str(run.model_card.get("title", ""))], model)
    card, _ = card_today(folder, annotators.catalog)
    with views(folder, ids) as (whole, selected):
        summary, preset = score_as_published(selected, paper, annotators, seed)
        plain = score(whole, card, annotators.catalog, annotators, IntervalSettings(seed=seed))
        scorer = Scorer(whole, selected, card, annotators, seed)
        lacking = set(ids or ()) - {record.id for record in folder.iter_samples()}
        sides = _Sides(scorer, preset, summary, plain, is_selected=ids is not None, lacking=tuple(sorted(lacking)))
        cells = tuple(_cell(one, sides, run) for one in wanted)
    return Reproduction(
        task=run.task,
        paper=paper,
        title=preset.title,
        source=preset.source,
        run=run.id,
        model=run.model,
        status=run.status,
        cells=cells,
        differs=preset.differs,
        problems=tuple(dict.fromkeys(said for said in (*summary.problems, *plain.problems) if not said.startswith("primary:"))),
    )


def run_of(task: str, folders: Sequence[RunFolder]) -> RunFolder:
    """The only run of a task among some.

    Raises:
        RunError: there is none, or there are several.
    """
    found = [folder for folder in folders if folder.read_run().task == task]
    if not found:
        raise RunError(f"no run of {task} is here: radbench run --model NAME --task {task}, or name one with --run")
    if len(found) > 1:
        listed = "".join(f"\n  {folder.path}" for folder in found)
        raise RunError(f"{len(found)} runs of {task} are here; name one with --run{listed}")
    return found[0]


@dataclass(frozen=True, slots=True)
class _Sides:
    """Both scores of a run, and how to come from one to the other."""

    scorer: Scorer
    preset: Preset
    published: Summary  # under the paper's convention
    strict: Summary
    is_selected: bool
    lacking: tuple[str, ...]  # ids of the paper's cases that the run does not have


def _cell(wanted: Wanted, sides: _Sides, run: RunRecord) -> CellReproduced:
    row, preset = wanted.row, sides.preset
    id_, is_reciprocal = _value_of(wanted, preset, sides.published)
    ours = scored(sides.published, id_, is_reciprocal=is_reciprocal)
    own = {use.name: use.options for use in Score.model_validate(sides.strict.score).metrics}
    used = family_of(sides.published, id_, preset.metrics_with(own))
    strict = scored(sides.strict, wanted.value, is_reciprocal=is_reciprocal and wanted.value == id_)
    steps: tuple[Part, ...] = ()
    if ours is not None and used is not None:
        end = Way.of(
            *used,
            id=id_,
            is_reciprocal=is_reciprocal,
            convention=preset.convention,
            reader=str(sides.published.score["reader"]),
            aggregation=aggregation_of(preset, used[0]),
            is_selected=sides.is_selected,
        )
        start = _start(sides, wanted, end)
        if strict is None:
            strict = Scored(ours.id, sides.scorer.value(start), None, "by radbench's defaults: the task's card has no such metric", ours.n)
        steps = parts(sides.scorer, start, end, is_selection_given=sides.is_selected)
    value = ours.value if ours else None
    return CellReproduced(
        model=row.model,
        metric=row.metric,
        source=row.source,
        reported=row.scaled,
        reported_ci=row.interval,
        rounding=wanted.rounding,
        strict=strict,
        convention=ours,
        parts=steps,
        unexplained=None if value is None else row.scaled - value,
        verdict=_verdict(wanted, ours),
        reasons=tuple(_reasons(wanted, ours, run, sides)),
    )


def _value_of(wanted: Wanted, preset: Preset, summary: Summary) -> tuple[str, bool]:
    """The id of the value that a published metric is, by the preset or else the column; whether its reciprocal is printed."""
    known = {name.casefold(): said for name, said in preset.columns.items()}
    said = known.get(wanted.row.metric.casefold(), "")
    named = said.removeprefix(_RECIPROCAL)
    if any(value.id == named for value in summary.values):
        return named, said != named
    return wanted.value, False


def _start(sides: _Sides, wanted: Wanted, end: Way) -> Way:
    """The strict way: the task's own metric, else the paper's metric as radbench has it by default."""
    card = sides.scorer.card.score
    used = family_of(sides.strict, wanted.value, [(use.name, use.options) for use in card.metrics])
    is_same, id_ = used is None or wanted.value == end.id, end.id if used is None else wanted.value
    return Way.of(
        *(used or (end.metric, needed(end))),
        id=id_,
        is_reciprocal=end.is_reciprocal and is_same,
        convention=card.convention,
        reader=card.reader,
        aggregation=Aggregation(),
        is_selected=False,
    )


def _verdict(wanted: Wanted, ours: Scored | None) -> Verdict:
    if ours is None or ours.value is None:
        return "not measured"
    reported = wanted.row.scaled
    if abs(reported - ours.value) <= wanted.rounding * (1 + 1e-9):
        return "reproduced"
    inside = ours.ci is not None and ours.ci[0] <= reported <= ours.ci[1]
    stated = wanted.row.interval
    return "within interval" if inside or (stated is not None and stated[0] <= ours.value <= stated[1]) else "not reproduced"


def _reasons(wanted: Wanted, ours: Scored | None, run: RunRecord, sides: _Sides) -> list[str]:
    """What a reader must know before leaning on the verdict."""
    found, preset, whole = [], sides.preset, sides.scorer.card.about.n
    if not names_source(preset, wanted.row):
        found.append(f"the row's source is not known to score as {preset.title} does")
    if ours is None:
        found.append(f"the preset gives no `{wanted.value}`: its metric could not run, or the paper's metric is not offered")
    elif ours.value is None:
        found.append(f"`{ours.id}` is undefined on these cases")
    stated = re.sub(r"[,\s]", "", wanted.row.n)
    if wanted.row.n == UNSTATED:
        found.append("the source does not state n")
    elif ours is not None and stated != str(ours.n):
        found.append(f"the source states n = {wanted.row.n}, ours is {ours.n}")
    if sides.lacking:
        some = ", ".join(sides.lacking[:5]) + (" ..." if len(sides.lacking) > 5 else "")
        found.append(f"the run lacks {len(sides.lacking)} of the paper's samples: {some}")
    elif ours is not None and not sides.is_selected and whole is not None and ours.n != whole:
        found.append(f"the whole {run.data.split} split has {whole} samples, as the task's card says, ours are {ours.n}")
    compared, stated_as = _SECTIONS.get(preset.convention.section), re.search(r"(\S+) reference", wanted.row.split)
    if compared and stated_as and stated_as[1] != compared:
        found.append(f"the row is of references' {stated_as[1]}, and {preset.title} compares {compared}")
    if run.data.split.casefold() not in wanted.row.split.casefold():
        found.append(f"the row is of `{wanted.row.split or UNSTATED}`, the run of the {run.data.split} split")
    if wanted.row.protocol == UNSTATED:
        found.append("the source does not state who scored it, and how")
    if run.status != "complete" or run.settings.limit is not None:
        found.append(f"the run is {run.status}" + (f", the first {run.settings.limit} samples" if run.settings.limit is not None else ""))
    return found
