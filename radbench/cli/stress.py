"""`radbench stress`: how a model reacts to edited inputs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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
    task_changes,
    weights_paths,
)
from radbench.cli.output import check_folder, tell
from radbench.errors import ContentError


def stress(
    model: Annotated[str, typer.Option("--model", metavar="NAME", help="A model by card, file or family.")] = "",
    task: Annotated[str, typer.Option("--task", metavar="NAME", help="A task by name or file.")] = "",
    edits: Annotated[
        list[str] | None, typer.Option("--edits", metavar="NAME[,NAME]", help="Edits; repeatable. [default: all that apply]")
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Only the first N samples, and what edits make of them.")] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of shots, swapped and noise images, and all draws.")] = 0,
    shots: Annotated[int | None, typer.Option("--shots", min=0, help="Solved examples shown first; they are not edited.")] = None,
    answer: AnswerOption = None,
    model_arg: ModelArgOption = None,
    gen: GenOption = None,
    task_arg: TaskArgOption = None,
    data_agreement: DataAgreementOption = None,
    draws: Annotated[int, typer.Option("--draws", min=0, help="Of clusters for intervals, of swaps for tests; 0: neither.")] = 10_000,
    to: Annotated[Path | None, typer.Option("--to", metavar="DIR", help="Also write table and JSON there. [default: nowhere]")] = None,
    catalog: CatalogOption = None,
    data_dir: DataDirOption = None,
    weights: WeightsOption = None,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask a task again with inputs edited in known ways: what must stay the same, what must change, and what it costs."""
    if not model or not task:
        raise ContentError("radbench stress needs --model and --task; lists: radbench ls models, radbench ls tasks")
    check_folder(to)
    found = open_catalog(catalog)
    model_card, task_card = found.model(model), found.task(task)

    from radbench.cli.run import watched
    from radbench.evaluation import Asking, plan_all
    from radbench.probing.stress_text import table
    from radbench.probing.stressing import stress as stressed
    from radbench.records import Settings

    asking = Asking(
        settings=Settings(limit=limit, seed=seed),
        task_changes=task_changes(task_arg, shots=shots, answer=answer),
        model_options=model_options(model_arg, gen),
        agreement=agreement_of(data_agreement),
        data_dirs=data_roots(found, data_dir),
        weights=weights_paths(found, weights, [model_card.name]),
        out=out_folder(out),
    )
    (plan,) = plan_all(found, [model_card], [task_card], asking)
    names = list(dict.fromkeys(name.strip().replace("-", "_") for text in edits or () for name in text.split(",") if name.strip()))
    with watched() as control:
        stress_found = stressed(plan, names, asking, control, draws=draws)
    text, document = table(stress_found), stress_found.as_json()
    tell(text, document, as_json=as_json, folder=to, name="stress")
    if stress_found.problems or (names and stress_found.inapplicable) or any(one.problem for one in stress_found.reactions):
        raise typer.Exit(1)
