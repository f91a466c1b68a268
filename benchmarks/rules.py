"""Accuracy of the annotator `rules-14` on labelled sentences and short reports of our own.

    python benchmarks/rules.py [--wrong]

`--wrong` also lists what is labelled wrongly. The table stands in docs/clinical-metrics.md, which a test holds to it.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from radbench.findings import LABELS
from radbench.media import Reader
from radbench.models.rules_14 import BLANK, NEGATIVE, POSITIVE, UNCERTAIN, Rules14

DATA = Path(__file__).resolve().parent.parent / "tests" / "data"
SETS = {"sentences the rules were written with": "rules_14_sentences.tsv", "reports written afterwards": "rules_14_held_out.tsv"}
CODES = dict(zip(["EC", "CM", "LO", "LL", "ED", "CO", "PN", "AT", "PX", "PE", "PO", "FR", "SD", "NF"], LABELS, strict=True))
CLASSES = {"+": POSITIVE, "-": NEGATIVE, "?": UNCERTAIN}


def examples(file: str) -> Iterator[tuple[str, dict[str, float]]]:
    """Each text and its labels."""
    for line in (DATA / file).read_text("utf-8").splitlines():
        if not line.startswith("#"):
            labels, text = line.split("\t")
            yield text, dict.fromkeys(LABELS, BLANK) | {CODES[label[:-1]]: CLASSES[label[-1]] for label in labels.split()}


def annotator() -> Rules14:
    """The annotator with radbench's own rules."""
    made = Rules14()
    made.load(Reader({}))
    return made


def table() -> str:
    """A Markdown table: texts wholly right, and precision and recall of each class over the findings of all texts."""
    rules = annotator()
    lines = ["| texts | wholly right | present: precision, recall | absent | uncertain |", "|---|---|---|---|---|"]
    for title, file in SETS.items():
        pairs = [(wanted, rules.labels(text)) for text, wanted in examples(file)]
        right = sum(wanted == found for wanted, found in pairs)
        cells = []
        for kind in (POSITIVE, NEGATIVE, UNCERTAIN):
            hit = sum(wanted[label] == found[label] == kind for wanted, found in pairs for label in LABELS)
            n_wanted, n_found = (sum(side[label] == kind for pair in pairs for side in (pair[i],) for label in LABELS) for i in (0, 1))
            cells.append(f"{hit}/{n_found}, {hit}/{n_wanted}")
        lines.append(f"| {title} | {right} of {len(pairs)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wrong", action="store_true")
    arguments = parser.parse_args()
    print(table())
    rules = annotator()
    for text, wanted in (example for file in SETS.values() for example in examples(file)) if arguments.wrong else ():
        found = rules.labels(text)
        wrong = [f"{label}: {int(found[label])}, not {int(wanted[label])}" for label in LABELS if found[label] != wanted[label]]
        if wrong:
            print(f"\n{text}\n  {'; '.join(wrong)}")


if __name__ == "__main__":
    main()
