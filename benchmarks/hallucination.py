"""Accuracy of the hallucination panel on labelled statements of our own, labels by `rules-14`.

    python benchmarks/hallucination.py [--wrong]

`--wrong` also lists what is told wrongly. The table stands in docs/clinical-metrics.md, which a test holds to it.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from radbench.media import Reader
from radbench.metrics.hallucination import KINDS, Hallucination, Kind
from radbench.models.rules_14 import Rules14
from radbench.sample import Case, Media

FILE = Path(__file__).resolve().parent.parent / "tests" / "data" / "hallucination_statements.tsv"
CODES: dict[str, Kind] = dict(zip("CVMSP", KINDS, strict=True))


def examples() -> Iterator[tuple[Case, set[Kind]]]:
    """Each case, annotated, and the errors in its candidate."""
    rules, metric = Rules14(), Hallucination()
    rules.load(Reader({}))
    for line in FILE.read_text("utf-8").splitlines():
        if line.startswith("#"):
            continue
        wrong, shown, reference, candidate = line.split("\t")
        views, _, prior = shown.partition("+")
        media = [Media(name="films", path=view, view=view) for view in views.split(",")]
        earlier = [replace(media[0], path="prior", is_prior=True)] if prior else []
        case = Case.of(candidate, [reference], media=(*media, *earlier))
        annotations = tuple(rules.annotate([ask.request for ask in metric.asks(case, ())]))
        yield replace(case, annotations=annotations), {CODES[letter] for letter in wrong.split() if letter != "-"}


def found(case: Case) -> set[Kind]:
    """The kinds that the panel counts in a case."""
    row = Hallucination().row(case)
    return {kind for i, kind in enumerate(KINDS) if row[2 * i]}


def table() -> str:
    """A Markdown table: of the statements counted as each kind those that are, and of those that are, those counted."""
    pairs = [(wrong, found(case)) for case, wrong in examples()]
    lines = [f"| among {len(pairs)} texts | precision | recall |", "|---|---|---|"]
    for kind in KINDS:
        hit = sum(kind in wrong and kind in said for wrong, said in pairs)
        n_wrong, n_said = (sum(kind in pair[i] for pair in pairs) for i in (0, 1))
        lines.append(f"| `{kind}` | {hit}/{n_said} | {hit}/{n_wrong} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wrong", action="store_true")
    print(table())
    if not parser.parse_args().wrong:
        return
    for case, wrong in examples():
        if (said := found(case)) != wrong:
            print(f"{case.text}\n    is {', '.join(sorted(wrong)) or 'none'}; counted as {', '.join(sorted(said)) or 'none'}")


if __name__ == "__main__":
    main()
