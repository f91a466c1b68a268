"""`radbench ratings`: what a file of ratings holds, and how far its raters agree."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from radbench.cli.options import AccessOption, JsonOption, MapOption, ScaleOption, SignificanceOption
from radbench.cli.output import print_columns, print_json
from radbench.errors import ContentError
from radbench.terms import Access

if TYPE_CHECKING:
    from collections.abc import Mapping

    from radbench.ratings.formats import Stated
    from radbench.ratings.summary import AgreementSettings, CriterionSummary
    from radbench.statistics.agreement import Estimate


def ratings(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="FILE...", help="A file, files that belong together, or their folder.")
    ] = None,
    fmt: Annotated[
        str | None, typer.Option("--format", help="The files' format; --formats lists them. [default: told by the header]")
    ] = None,
    criterion: Annotated[str | None, typer.Option("--criterion", metavar="NAME", help="This criterion alone.")] = None,
    significance: SignificanceOption = None,
    scale: ScaleOption = None,
    mapping: MapOption = None,
    access: AccessOption = None,
    draws: Annotated[int, typer.Option("--draws", min=0, help="Bootstrap draws of studies for intervals; 0: none.")] = 2000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the draws.")] = 0,
    level: Annotated[float, typer.Option("--level", min=0.5, max=0.999, help="Level of the intervals.")] = 0.95,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="FILE.csv", help="Also write the ratings, without texts, as a long table.")
    ] = None,
    formats: Annotated[bool, typer.Option("--formats", help="List the formats and leave.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Sum up a file of radiologists' ratings: counts, raters, scale, agreement between raters and of raters with themselves."""
    from radbench.ratings.files import write
    from radbench.ratings.formats import FORMATS, read_ratings
    from radbench.ratings.summary import AgreementSettings, summarise

    if formats:
        print_columns([[name, known.title] for name, known in FORMATS.items()])
        return
    if not files:
        raise ContentError("radbench ratings needs a file of ratings; --formats lists what it reads")
    found = read_ratings(files, fmt, stated_by(scale, mapping, access))
    settings = AgreementSettings(significance=significance or "", draws=draws, seed=seed, level=level)
    summaries = summarise(found, criterion, settings)
    if to:
        to.parent.mkdir(parents=True, exist_ok=True)
        write(found, to)
    if as_json:
        made = {"method": "percentile, cluster bootstrap", "cluster": "study", "draws": draws, "seed": seed, "level": level}
        about = {"source": found.source, "access": found.access, "n_texts": len(found.texts), "notes": found.notes, "intervals": made}
        print_json({**about, "criteria": [one.as_json() for one in summaries]})
        return
    sys.stdout.write(f"{found.source}: {len(found.rows)} ratings, {len(found.texts)} texts ({found.access})\n")
    for note in found.notes:
        sys.stdout.write(f"  note: {note}\n")
    for one in summaries:
        _print(one, settings)


def stated_by(scale: list[str] | None, mapping: Path | None, access: Access | None) -> Stated:
    """What the options `--scale`, `--map` and `--access` state.

    Raises:
        ContentError: a scale or the mapping is not written as it should be.
    """
    from radbench.catalog.files import read
    from radbench.catalog.yaml_text import read_yaml
    from radbench.ratings.files import parse_scale
    from radbench.ratings.formats import Stated

    held = read_yaml(read(mapping), str(mapping))[0] if mapping else {}
    if not isinstance(held, dict):
        raise ContentError(f"{mapping}: expected a mapping from the parts of a rating to columns")
    scales = {}
    for text in scale or ():
        name, sign, said = text.rpartition("=")
        if not sign or not name:
            raise ContentError(f"--scale: expected CRITERION=SCALE, such as quality=ordinal:1..5, got `{text}`")
        scales[name] = parse_scale(said)
    return Stated(scales=scales, mapping=held, access=access)


def _print(one: CriterionSummary, settings: AgreementSettings) -> None:
    from radbench.ratings.files import written
    from radbench.records import FEW

    what = f"{settings.significance} {one.criterion}".strip()
    least, most = one.ratings_per_item
    each = str(least) if least == most else f"{least} to {most}"
    sys.stdout.write(
        f"{what}: scale {written(one.scale)}, {one.n_items} items ({one.n_studies} studies, {one.n_systems} systems), "
        f"{each} {'rating' if each == '1' else 'ratings'} each, mean {one.mean:.3f}\n"
    )
    sys.stdout.write(f"  raters: {', '.join(f'{rater} ({n})' for rater, n in one.n_items_of.items())}\n")
    if one.prevalence:
        sys.stdout.write(f"  prevalence: {', '.join(f'{value:g}: {share:.1%}' for value, share in one.prevalence.items())}\n")
    if not one.between:
        sys.stdout.write("  one rater: nothing to compare\n")
    _print_agreement("between raters", one.between)
    if one.n_repeated:
        _print_agreement(f"of raters with themselves ({one.n_repeated} repeated)", one.within)
    if one.between or one.within:
        n_clusters = max(e.n_clusters for e in (*one.between.values(), *one.within.values()))
        few = f"; fewer than {FEW}: do not lean on these intervals" if n_clusters < FEW else ""
        made = f"{settings.level:.0%} percentile, cluster bootstrap by study, {settings.draws} draws, seed {settings.seed}"
        sys.stdout.write(f"  intervals: {made}{few}\n")


def _print_agreement(title: str, found: Mapping[str, Estimate]) -> None:
    if not found:
        return
    sys.stdout.write(f"  agreement {title}\n")
    print_columns([[f"    {name}", _show(e.value), _interval(e), f"n={e.n_items}, {e.n_clusters} studies"] for name, e in found.items()])


def _show(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"


def _interval(e: Estimate) -> str:
    undefined = f" ({e.undefined_draws} draws undefined)" if e.undefined_draws else ""
    return undefined.strip() if math.isnan(e.low) else f"[{_show(e.low)}, {_show(e.high)}]{undefined}"
