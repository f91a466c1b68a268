"""Which text is compared: a section of a report, cleaned or as it came; and the published conventions by name.

The same reports score differently by section, by letter case and by what is done with de-identification marks, so a convention
is part of the signature of every value made under it. Pure functions of texts; what a preset re-enacts, and what it does not,
stands in `PRESETS`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, TypeAlias, get_args

from radbench.errors import ContentError, UnknownNameError
from radbench.sample import Case, Text

Section: TypeAlias = Literal["as_is", "findings", "impression", "both"]
Cleaning: TypeAlias = Literal["lower", "marks", "punctuation", "r2gen"]

_MARK: Final = re.compile(r"\b(?:X{3,}|x{3,})\b|_{2,}")  # XXXX of Open-I, ___ of MIMIC, and their spellings in other packagings
_PUNCTUATION: Final = re.compile(r"(?<!\d)[^\w\s]|[^\w\s](?!\d)|_")  # marks between two digits stay: 3.5, 2/3
_R2GEN_DELETED: Final = re.compile(r"[.,?;*!%^&_+():<=>@A-Z\[\]{}\"/\\']")


@dataclass(frozen=True, slots=True)
class Convention:
    """What is done to candidate and references alike before a metric sees them.

    `lower`: lower case. `marks`: de-identification marks (XXXX, ___) are deleted. `punctuation`: marks other than those between
    two digits become blanks. Any of these also collapses white space. `r2gen`: the cleaning of R2Gen, and no other with it.
    """

    section: Section = "as_is"
    clean: tuple[Cleaning, ...] = ()
    absent: str = ""  # what `both` writes for a section that a report lacks

    def __post_init__(self) -> None:
        if self.section not in get_args(Section):
            raise ContentError(f"section `{self.section}` is unknown; expected one of {', '.join(get_args(Section))}")
        for step in self.clean:
            if step not in get_args(Cleaning):
                raise ContentError(f"cleaning `{step}` is unknown; expected some of {', '.join(get_args(Cleaning))}")
        if "r2gen" in self.clean and len(self.clean) > 1:
            raise ContentError(f"cleaning `r2gen` stands alone, got `{', '.join(self.clean)}`")

    def signature(self) -> dict[str, str]:
        """What differs from comparing texts as they came: `{"section": "findings", "clean": "lower+marks"}`."""
        stated = {
            "section": "" if self.section == "as_is" else self.section,
            "clean": "+".join(step for step in get_args(Cleaning) if step in self.clean),
            "absent": self.absent,
        }
        return {key: value for key, value in stated.items() if value}

    def case(self, case: Case) -> Case:
        """The case as a metric is to see it; answers and references that are no text stay as they are."""
        if not self.signature():
            return case
        references = tuple(self.text(reference) if isinstance(reference, Text) else reference for reference in case.sample.references)
        answer = self.text(case.answer) if isinstance(case.answer, Text) else case.answer
        return replace(case, sample=replace(case.sample, references=references), answer=answer)

    def text(self, text: Text) -> Text:
        """The section, cleaned; its `sections` stay as they came."""
        return Text(cleaned(section_of(text, self.section, absent=self.absent), self.clean), text.sections)


def section_of(text: Text, section: Section, *, absent: str = "") -> str:
    """A section of a report: "" where it has others, but not this one; the whole text of a report whose sections are not told.

    >>> section_of(Text("", {"findings": "Clear."}), "both", absent="None")
    'Findings: Clear. Impression: None'
    """
    if section == "as_is" or not text.sections:
        return text.text
    if section != "both":
        return text.sections.get(section, "")
    written = [(name, text.sections.get(name, "").strip() or absent) for name in ("findings", "impression")]
    return " ".join(f"{name.capitalize()}: {said}" for name, said in written if said)


def cleaned(text: str, clean: tuple[Cleaning, ...]) -> str:
    """The text after these steps, whatever their order.

    >>> cleaned("XXXX effusion, 3.5 cm.", ("marks", "lower", "punctuation"))
    'effusion 3.5 cm'
    """
    if not clean:
        return text
    if "r2gen" in clean:
        return _r2gen(text)
    if "marks" in clean:
        text = _MARK.sub(" ", text)
    if "punctuation" in clean:
        text = _PUNCTUATION.sub(" ", text)
    if "lower" in clean:
        text = text.lower()
    return " ".join(text.split())


def _r2gen(text: str) -> str:
    """The report as R2Gen's tokenizer leaves it for MIMIC-CXR, before its vocabulary replaces rare words.

    Source: R2Gen (Chen et al., arXiv 2010.16056), modules/tokenizers.py: list numbers 1 to 5 are deleted where a blank follows
    their full stop (of "11. " the last digit too), sentences end in " . ", other punctuation goes; hyphens stay.
    """
    text = re.sub(r"\.{2,}", ".", re.sub(r" {2,}", " ", text.replace("\n", " ")))
    text = text.replace("1. ", "")
    for lead, left in ((". ", ". "), (" ", ". ")):
        for number in "2345":
            text = text.replace(f"{lead}{number}. ", left)
    parts = (_R2GEN_DELETED.sub("", part.strip()) for part in text.strip().lower().split(". "))
    return " . ".join(parts) + " ."


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregation:
    """How a published value was made of cases."""

    statistic: Literal["plain", "bootstrap median"] = "plain"
    of: tuple[str, ...] = ()  # the metrics whose value is the median; the others are plain
    unit: Literal["row", "cluster"] = "cluster"  # what was resampled; where nothing was, our intervals are by cluster as ever
    draws: int = 0  # 0: no intervals


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A published way of scoring, as near as radbench's metrics come to it."""

    title: str
    source: str
    convention: Convention = Convention()
    metrics: tuple[tuple[str, Mapping[str, Any]], ...]  # names and options; None: the task card's own choice
    aggregation: Aggregation = Aggregation()
    readers: Mapping[str, str] = field(default_factory=dict)  # form of the questions -> how answers are read, where not as the card says
    rows: tuple[str, ...] = ()  # published rows are scored so where `model: source` holds one of these words
    columns: Mapping[str, str] = field(default_factory=dict)  # what the paper prints -> radbench's value of it
    differs: tuple[str, ...]  # what is not re-enacted, or not known

    def reader(self, form: str, own: str) -> str:
        """How answers to questions of this form are read, where a card reads them as `own`."""
        return self.readers.get(form, own)

    def metrics_with(self, own: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
        """The metrics with the options that the preset leaves open as a card has them (`own`, by metric), or left out."""
        chosen = [
            (name, {key: own.get(name, {}).get(key) if value is None else value for key, value in options.items()})
            for name, options in self.metrics
        ]
        return [(name, {key: value for key, value in options.items() if value is not None}) for name, options in chosen]


_REXRANK: Final = Preset(
    title="ReXrank, findings and impression",
    source="arXiv 2411.15122; rajpurkarlab/ReXrank, evaluation_script.md; rajpurkarlab/CXR-Report-Metric",
    convention=Convention("both", absent="None"),
    metrics=(("radcliq", {}), ("ratescore", {})),
    columns={
        "BLEU": "radcliq_bleu_2",
        "BERTScore": "radcliq_bertscore",
        "SembScore": "radcliq_semb_score",
        "RadGraph": "radcliq_radgraph",
        "1/RadCliQ-v1": "1 / radcliq_v1",
        "RaTEScore": "ratescore",
    },
    rows=("rajpurkarlab/ReXrank",),
    differs=(
        "A model's text is scored there as it came; here its sections, where it has any, stand under the heads of the reference.",
        "Where no bigram matches, radbench counts a tenth of one; what fast_bleu does there is not known.",
        "RaTEScore's sentences are cut by a rule of radbench's, not by medspacy's.",
        "GREEN and FineRadScore are left out: GREEN needs its judge (metric `green`), FineRadScore is not offered.",
    ),
)

PRESETS: Final[Mapping[str, Preset]] = {
    "llavarad-2024": Preset(
        title="LLaVA-Rad, findings of MIMIC-CXR",
        source="arXiv 2403.08002; microsoft/LLaVA-Rad, llava/eval/rrg_eval",
        convention=Convention("findings"),
        metrics=(
            ("chexbert", {"uncertain": "negative"}),
            ("chexbert", {"uncertain": "positive"}),
            ("radgraph", {"annotator": "radgraph"}),
            ("rouge", {"stem": False}),
            ("bleu", {"tokenizer": "13a", "case": "mixed", "smoothing": "exp"}),
        ),
        aggregation=Aggregation(statistic="bootstrap median", of=("chexbert", "radgraph", "rouge"), unit="row", draws=500),
        columns={
            **{f"{average}-F1-{n}": f"f1_{n}_{average}" for n in (14, 5) for average in ("micro", "macro")},
            **{f"{average}-F1-{n}+": f"f1_{n}_{average}(uncertain=positive)" for n in (14, 5) for average in ("micro", "macro")},
            "F1-RadGraph": "radgraph_partial",
            "ROUGE-L": "rougeL",
            "BLEU-1, BLEU-4": "bleu-1, bleu-4, times 100 where the paper gives intervals",
        },
        rows=("LLaVA-Rad: quoted from the paper", "2403.08002"),
        differs=("The medians are of other draws, so they agree to the noise of 500 draws.",),
    ),
    "medpalmm": Preset(
        title="Med-PaLM M, findings of MIMIC-CXR",
        source="arXiv 2307.14334, tables 2 and 3",
        convention=Convention("findings"),
        metrics=(("chexbert", {}), ("radgraph", {"annotator": "radgraph"}), ("bleu", {}), ("rouge", {}), ("cider", {})),
        rows=("2307.14334",),
        differs=("The paper states no tokenizer, letter case, label policy or RadGraph level: radbench's defaults stand in.",),
    ),
    "rexrank": _REXRANK,
    "rexrank-findings": replace(
        _REXRANK,
        title="ReXrank, findings",
        convention=Convention("findings"),
        differs=("A model's text is scored there as it came; here its findings alone, where its sections are told.", *_REXRANK.differs[1:]),
    ),
    "r2gen": Preset(
        title="R2Gen and those who follow its code",
        source="arXiv 2010.16056; cuhksz-nlp/R2Gen, modules/tokenizers.py, modules/metrics.py",
        convention=Convention("findings", ("r2gen",)),
        metrics=(
            ("bleu", {"tokenizer": "none", "case": "mixed", "smoothing": "none"}),
            ("meteor", {"tokenizer": "none"}),
            ("coco-rouge", {}),
        ),
        columns={"BL-1 to BL-4": "bleu-1 to bleu-4", "MTR": "meteor", "RG-L": "rougeL_coco"},
        rows=("2010.16056",),
        differs=(
            "References there pass through the vocabulary of the training split (rare words become <unk>) and are cut at a set "
            "length; here they are whole.",
            "METEOR there is the Java program of the COCO tools, with synonyms and paraphrases; here it is nltk's, without them.",
        ),
    ),
    "llava-med": Preset(
        title="LLaVA-Med and those who follow its code, closed and open questions",
        source="arXiv 2306.00890; microsoft/LLaVA-Med, evaluation of closed questions after pull request 35",
        metrics=(("classification", {}), ("answer-text", {})),
        readers={"closed": "legacy.llavamed_closed_v2"},
        rows=("heliossun/STLLaVA-Med", "2409.12184", "2306.00890"),
        columns={"closed accuracy": "accuracy", "open recall": "token_recall", "open F1": "token_f1"},
        differs=(
            "The sources of published rows state no protocol: that they follow this code is an inference.",
            "Before that pull request wrong answers of yes or no left the denominator (reader legacy.llavamed_closed_v1).",
            "Tokens of open answers are radbench's; a common token counts as often as both texts hold it.",
        ),
    ),
    "radfm-v1": Preset(
        title="RadFM, free-text tasks of its RadBench",
        source="arXiv 2308.02463, table 4",
        metrics=(("bleu", {"over": "cases"}), ("rouge", {}), ("terms", {"annotator": None, "variant": None})),
        columns={"BLEU": "bleu-1", "ROUGE": "rouge1", "UMLS_Precision, UMLS_Recall": "terms_precision, terms_recall"},
        rows=("2308.02463",),
        differs=(
            "No scoring code was released: that the columns are these, with these tokenizers, is an inference.",
            "UMLS terms came from an extractor that is not named; here they come from the one you name.",
        ),
    ),
}


def preset(name: str) -> Preset:
    """A published convention by name.

    Raises:
        UnknownNameError: there is none of that name.
    """
    if name not in PRESETS:
        raise UnknownNameError("preset", name, PRESETS, ", ".join(PRESETS))
    return PRESETS[name]
