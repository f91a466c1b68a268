"""`radbench run`: evaluate models on tasks."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from radbench.catalog.components import canonical
from radbench.cli.options import (
    AnswerOption,
    CatalogOption,
    DataAgreementOption,
    DataDirOption,
    GenOption,
    JsonOption,
    ModelArgOption,
    OutOption,
    TaskArgOption,
    WeightsOption,
    agreement_of,
    data_roots,
    model_options,
    open_catalog,
    out_folder,
    pairs,
    task_changes,
    weights_paths,
)
from radbench.errors import ContentError, nearest
from radbench.sample import ImageMode

if TYPE_CHECKING:
    from radbench.running.engine import Control
    from radbench.running.plan import Plan


def run(
    model: Annotated[
        list[str] | None, typer.Option("--model", metavar="NAME[,NAME]", help="Models by card, file or family; repeatable.")
    ] = None,
    task: Annotated[list[str] | None, typer.Option("--task", metavar="NAME[,NAME]", help="Tasks by name or file; repeatable.")] = None,
    suite: Annotated[list[str] | None, typer.Option("--suite", metavar="NAME", help="All tasks of a suite; repeatable.")] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Ask only the first N samples.")] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of shots, swapped and noise images, and intervals.")] = 0,
    repeats: Annotated[int, typer.Option("--repeats", min=1, help="Ask each sample K times.")] = 1,
    shots: Annotated[int | None, typer.Option("--shots", min=0, help="Solved examples shown first.")] = None,
    answer: AnswerOption = None,
    images: Annotated[ImageMode, typer.Option("--images", help="What is shown in place of the images.")] = "real",
    shard: Annotated[str | None, typer.Option("--shard", metavar="I/N", help="Ask only the I-th of N parts; the last one merges.")] = None,
    model_arg: ModelArgOption = None,
    gen: GenOption = None,
    task_arg: TaskArgOption = None,
    data_agreement: DataAgreementOption = None,
    draws: Annotated[int, typer.Option("--draws", min=0, help="Bootstrap draws for intervals; 0: none.")] = 2000,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be asked, and ask nothing.")] = False,
    catalog: CatalogOption = None,
    data_dir: DataDirOption = None,
    weights: WeightsOption = None,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Evaluate models on tasks. The same command again resumes where it stopped, and asks nothing twice."""
    found = open_catalog(catalog)
    names = [*_names(task), *(name for one in _names(suite) for name in found.suite(one))]
    if not names or not _names(model):
        raise ContentError("radbench run needs --model and --task (or --suite); lists: radbench ls models, radbench ls tasks")
    tasks, models = [found.task(name) for name in names], [found.model(name) for name in _names(model)]
    where = weights_paths(found, weights, (one.name for one in models))

    from radbench.cli.results import report  # only now: a slip of the pen should be answered at once
    from radbench.evaluation import Asking, evaluate_all, plan_all
    from radbench.records import Settings
    from radbench.running.plan import Shard
    from radbench.scoring import IntervalSettings

    asking = Asking(
        settings=Settings(limit=limit, seed=seed, images=images, repeats=repeats),
        task_changes=task_changes(task_arg, shots=shots, answer=answer),
        model_options=model_options(model_arg, gen),
        shard=Shard.parse(shard) if shard else None,
        agreement=agreement_of(data_agreement),
        data_dirs=data_roots(found, data_dir),
        weights=where,
        out=out_folder(out),
    )
    plans = plan_all(found, models, tasks, asking)
    _check_data_dirs(plans, data_dir)
    if dry_run:
        from radbench.cli.dry_run import describe

        describe(plans, as_json=as_json)
        return
    with watched() as control:
        results = list(evaluate_all(plans, asking, control, IntervalSettings(draws=draws, seed=seed)))
    report(results, as_json=as_json)


@contextmanager
def watched() -> Iterator[Control]:
    """A control whose `stop` is set by SIGTERM or the first Ctrl-C, and whose progress is shown on a terminal.

    Where no batch is in flight, while annotators are asked, either ends everything at once as KeyboardInterrupt.
    """
    from radbench.running.engine import Control

    control = Control()

    def stop(number: int, _frame: object) -> None:
        if control.at_once or (control.stop and number == signal.SIGINT):
            raise KeyboardInterrupt
        control.stop = True
        sys.stderr.write("radbench: stopping after the batch in flight; the same command goes on from there\n")

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        if not sys.stderr.isatty():
            yield control
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
            bar = shown.add_task("", total=None, rate="")

            def progress(name: str, done: int, total: int) -> None:
                finished = shown.tasks[0]
                if finished.description != name:
                    shown.reset(bar, description=name)
                shown.update(bar, completed=done, total=total, rate=f"{finished.speed or 0:.1f}/s")

            control.progress = progress
            yield control
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _check_data_dirs(plans: Sequence[Plan], stated: Sequence[str] | None) -> None:
    """Refuse a `--data-dir` for a data set that no task here uses: it is a slip of the pen."""
    known = {canonical(plan.task.ask.dataset) for plan in plans}
    for name in pairs(stated, "--data-dir"):
        if canonical(name) not in known:
            used = ", ".join(sorted(known))
            raise ContentError(f"--data-dir `{name}`: no task asked here uses that data set{nearest(name, known)} They use: {used}")


def _names(stated: Sequence[str] | None) -> list[str]:
    return list(dict.fromkeys(name.strip() for text in stated or () for name in text.split(",") if name.strip()))
