"""Times radbench's RadGraph reader against the radgraph package's own path, on the same archive in the same run.

    python benchmarks/clinical_metrics.py [--reports 128] [--rounds 3]

The archive has base size (BERT, 12 layers, hidden 768) and random weights; its entity scores are shifted so that a report
has about as many entities as in practice. Reports are invented, 37 words on average. The package runs on transformers 5
through radbench's `backend=package`, report by report: as shipped, with gradients kept, and without them. The mix is
three systems scored against shared references, each system giving one normal report in a share of its cases; the package
annotates every text it is given, radbench asks equal questions once and keeps the replies. CheXbert has a file of its own,
clinical_chexbert.py. Needs the `test` and `radgraph` extras.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from radbench.catalog import Catalog
from radbench.media import Reader
from radbench.models._radgraph_package import Package
from radbench.models.radgraph import Radgraph
from radbench.running.annotations import Annotators
from radbench.sample import Reply, Request, Turn

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from radgraph_archives import Size, write_archive  # the tests' maker of archives

Annotations = list[Any]
Run = Callable[[], Annotations]

MODEL = "radgraph-xl"
SYSTEMS = 3
NORMAL_SHARE = 0.3  # of a system's reports that are its normal template
ENTITY_BIAS = -3.0  # leaves about one entity for each two words


def vocabulary() -> tuple[str, ...]:
    """Invented words, and the signs between them."""
    rng = random.Random(37)
    return (*sorted({"".join(rng.choices("abcdefghijklmnoprstuvy", k=rng.randint(2, 11))) for _ in range(800)} | {"a", "b"}), ".", ",")


def invented_reports(n: int, words: Sequence[str]) -> list[str]:
    """Reports of two to seven sentences, all different."""
    rng = random.Random(1)
    reports = set[str]()
    while len(reports) < n:
        sentences = (" ".join(rng.choices(words[:-2], k=rng.randint(4, 12))) for _ in range(rng.randint(2, 7)))
        reports.add(". ".join(sentences) + ".")
    return sorted(reports, key=lambda _: rng.random())


def requests(reports: Sequence[str]) -> list[Request]:
    return [Request(kind="annotate", turns=(Turn("user", (report,)),)) for report in reports]


def entities(reply: Reply) -> Any:
    assert isinstance(reply.output, str), reply.error
    return json.loads(reply.output)["entities"]


def own(folder: Path, reports: Sequence[str]) -> Run:
    """radbench's reader by itself, freshly loaded."""
    model = Radgraph(model_type=MODEL, weights=folder)
    model.load(Reader({}))
    return lambda: [entities(reply) for reply in model.annotate(requests(reports))]


def through_the_store(folder: Path, store: Path, systems: Sequence[Sequence[str]], references: Sequence[str]) -> Run:
    """radbench's annotators over a store, as one command scores the runs of all systems: the archive is loaded once."""

    def run() -> Annotations:
        annotators = Annotators(Catalog(), store, weights={MODEL: folder})
        found = [annotators.answer(MODEL, requests([*system, *references]), "open") for system in systems]
        return [entities(reply) for replies in found for reply in replies]

    return run


def package(model: Package, reports: Sequence[str], *, gradients: bool) -> Run:
    """The package on the same texts; as shipped it keeps gradients."""

    def run() -> Annotations:
        with torch.set_grad_enabled(gradients):
            found = model.model(list(reports))
        return [found[str(i)]["entities"] for i in range(len(reports))]

    return run


def mix(reports: Sequence[str]) -> tuple[list[list[str]], list[str]]:
    """Candidates of each system, and the references: as many cases as a quarter of the reports."""
    rng = random.Random(3)
    n = len(reports) // (SYSTEMS + 1)
    references, rest, normal = list(reports[:n]), reports[n:], reports[-1]
    systems = [[normal if rng.random() < NORMAL_SHARE else report for report in rest[i * n : (i + 1) * n]] for i in range(SYSTEMS)]
    return systems, references


def timed(make: Callable[[], Run], rounds: int) -> tuple[float, Annotations]:
    """Median seconds of a run, without what `make` does, and its annotations."""
    seconds = []
    for _ in range(rounds):
        run = make()
        start = time.perf_counter()
        found = run()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds), found


def show(name: str, seconds: float, best: float, found: Annotations, expected: Annotations) -> None:
    differing = sum(one != other for one, other in zip(found, expected, strict=True))
    print(f"{name:<52}{len(found) / seconds:>10.1f}{seconds / best:>12.2f}{differing:>12}")


def head(unit: str) -> None:
    print(f"{'':<52}{unit + '/s':>10}{'times ours':>12}{'differing':>12}")


def distinct(folder: Path, reports: Sequence[str], model: Package, rounds: int) -> None:
    best, expected = timed(lambda: own(folder, reports), rounds)
    n_entities = statistics.mean(map(len, expected))
    n_relations = sum(len(entity["relations"]) for report in expected for entity in report.values()) / len(reports)
    print(f"{len(reports)} distinct reports, {n_entities:.1f} entities and {n_relations:.1f} relations a report, median of {rounds} rounds")
    head("reports")
    show("radbench", best, best, expected, expected)
    for title, gradients in {"radgraph package as shipped": True, "radgraph package without gradients": False}.items():
        seconds, found = timed(lambda kept=gradients: package(model, reports, gradients=kept), rounds)  # type: ignore[misc]  # bound now
        show(title, seconds, best, found, expected)


def mixed(folder: Path, reports: Sequence[str], model: Package, rounds: int, stores: Path) -> None:
    systems, references = mix(reports)
    given = [text for system in systems for text in (*system, *references)]
    repeated = 1 - len(set(given)) / len(given)
    cases = f"{SYSTEMS} systems, {len(references)} shared references, {NORMAL_SHARE:.0%} normal templates"
    print(f"\n{cases}: {repeated:.0%} of {len(given)} texts repeat")
    head("texts")
    unused = iter(range(rounds))
    best, expected = timed(lambda: through_the_store(folder, stores / str(next(unused)), systems, references), rounds)
    show("radbench, with loading", best, best, expected, expected)
    again, found = timed(lambda: through_the_store(folder, stores / "0", systems, references), rounds)
    show("radbench again, from the store, likewise", again, best, found, expected)
    seconds, found = timed(lambda: package(model, given, gradients=True), 1)
    show("radgraph package as shipped, loaded before, one round", seconds, best, found, expected)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reports", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    words = vocabulary()
    size = Size(768, 12, 12, 3072, (150, 150), 20, 8, 512, ENTITY_BIAS, words)
    reports = invented_reports(arguments.reports, words)
    with tempfile.TemporaryDirectory() as name:
        folder = write_archive(Path(name) / MODEL, MODEL, size)
        model = Package(folder, folder / "tokenizer", MODEL, -1, what="this benchmark")
        package(model, reports[:4], gradients=False)()  # the first passes of a process are slow
        mean_words = statistics.mean(len(report.split()) for report in reports)
        print(
            f"{platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}, {torch.get_num_threads()} threads, "
            f"load {os.getloadavg()[0]:.1f}; {mean_words:.1f} words on average"
        )
        distinct(folder, reports, model, arguments.rounds)
        mixed(folder, reports, model, arguments.rounds, Path(name) / "stores")


if __name__ == "__main__":
    main()
