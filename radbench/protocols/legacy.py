"""Readers that exist only to re-enact published numbers; their scores stand beside the strict one, never instead.

Two of them look at the sample's reference, as the published scorers did. A case that a published scorer left out of its
denominator comes back as `DROPPED`.

Sources: microsoft/LLaVA-Med, closed questions before and after pull request 35; xiaoman-zhang/PMC-VQA, MedVInT_TD/test.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import SequenceMatcher
from typing import Final

from radbench.errors import ContentError
from radbench.protocols.matching import letter
from radbench.protocols.reading import EMPTY
from radbench.sample import Choice, Sample, Unparsed, as_text

DROPPED: Final = Unparsed("left out by the legacy reader")

LegacyReader = Callable[[Sample, str], Choice | Unparsed]


def llavamed_closed_v1(sample: Sample, text: str) -> Choice | Unparsed:
    """The reference wherever it is a substring of a reply that holds `yes` or `no` anywhere; other such replies are dropped."""
    said, wanted = _compared(sample, text)
    if "yes" in said or "no" in said:
        return _reference(sample) if wanted in said else DROPPED
    return Choice("")


def llavamed_closed_v2(sample: Sample, text: str) -> Choice:
    """As version 1, but a miss counts as wrong. "normal" still holds "no"."""
    said, wanted = _compared(sample, text)
    return _reference(sample) if ("yes" in said or "no" in said) and wanted in said else Choice("")


def medvint_difflib(sample: Sample, text: str) -> Choice | Unparsed:
    """The option whose `A:text` is most like the reply's last character by difflib's ratio; the first of equal ones."""
    said = text.strip()[-1:]
    if not said:
        return EMPTY
    shown = [f"{letter(i)}:{o}" for i, o in enumerate(sample.options)]
    likeness = [SequenceMatcher(None, option, said).ratio() for option in shown]
    top = max(likeness, default=0.0)
    return Choice(sample.options[likeness.index(top)]) if top > 0 else Unparsed("no option is like the reply")


READERS: Final[Mapping[str, LegacyReader]] = {
    "legacy.llavamed_closed_v1": llavamed_closed_v1,
    "legacy.llavamed_closed_v2": llavamed_closed_v2,
    "legacy.medvint_difflib": medvint_difflib,
}


def legacy_reader(name: str, *known: str) -> LegacyReader | None:
    """The legacy reader of that name, of those `known` to a kind of task; None for `strict`.

    Raises:
        ContentError: no such reader.
    """
    if name == "strict":
        return None
    if name not in known:
        raise ContentError(f"`reader`: expected {' or '.join(f'`{reader}`' for reader in ('strict', *known))}, got `{name}`")
    return READERS[name]


def _compared(sample: Sample, text: str) -> tuple[str, str]:
    return text.lower(), as_text(sample.references[0]).lower()


def _reference(sample: Sample) -> Choice:
    return Choice(as_text(sample.references[0]))
