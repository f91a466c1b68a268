"""`radbench stress`: how a model reacts to edited inputs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from radbench.cli.options import (
    CatalogOption,
    DataDirOption,
    JsonOption,
    OutOption,
    WeightsOption,
    data_roots,
    open_catalog,
    out_folder,
    pairs,
    weights_paths,
)
from radbench.cli.output import tell
from radbench.errors import ContentError
from radbench.sample import AnswerMode


def stress(
    model: Annotated[str, typer.Option("--model", metavar="NAME", help="A model by card, file or family.")] = "",
    task: Annotated[str, typer.Option("--task", metavar="NAME", help="A task by name or file.")] = "",
    edits: Annotated[
        list[str] | None, typer.Option("--edits", metavar="NAME[,NAME]", help="Edits; repeatable. [default: all that apply]")
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Only the first N samples, and what edits make of them.")] = None,
    seed: Annotated[int, typer.Option("--seed", help="Seed of shots, swapped and noise images, and all draws.")] = 0,
    shots: Annotated[int | None, typer.Option("--shots", min=0, help="Solved examples shown first; they are not edited.")] = None,
    answer: Annotated[AnswerMode | None, typer.Option("--answer", help="How options are answered; else as the task says.")] = None,
    model_arg: Annotated[list[str] | None, typer.Option("--model-arg", metavar="K=V", help="An argument of the model's family.")] = None,
    gen: Annotated[list[str] | None, typer.Option("--gen", metavar="K=V", help="A generation setting of the model.")] = None,
    task_arg: Annotated[list[str] | None, typer.Option("--task-arg", metavar="K=V", help="A part of the task's ask half.")] = None,
    data_agreement: Annotated[str | None, typer.Option("--data-agreement", help="The terms under which closed data may go out.")] = None,
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
    found = open_catalog(catalog)
    model_card, task_card = found.model(model), found.task(task)

    from radbench.catalog.yaml_text import read_yaml
    from radbench.cli.run import watched
    from radbench.evaluation import Asking, plan_all
    from radbench.probing.stress_text import table
    from radbench.probing.stressing import stress as stressed
    from radbench.records import Settings
    from radbench.terms import parse_agreement

    changes = {**pairs(task_arg, "--task-arg"), **({"shots": shots} if shots is not None else {}), **({"answer": answer} if answer else {})}
    options: dict[str, object] = {**pairs(model_arg, "--model-arg")}
    if gen:
        options["generation"] = {key: read_yaml(value, "--gen")[0] for key, value in pairs(gen, "--gen").items()}
    asking = Asking(
        settings=Settings(limit=limit, seed=seed),
        task_changes=changes,
        model_options=options,
        agreement=parse_agreement(data_agreement) if data_agreement else None,
        data_dirs=data_roots(data_dir),
        weights=weights_paths(weights),
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
