"""The contract of protocols, held against every one: each reads its own target, and no reply makes it raise."""

from __future__ import annotations

import inspect
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import radbench.protocols
from radbench.errors import ContentError
from radbench.sample import (
    Abstained,
    Box,
    Boxes,
    Choice,
    LabelSet,
    Media,
    Points,
    Reference,
    Reply,
    Sample,
    Text,
    Unparsed,
    Vectors,
)

FILM = Media(name="d", path="film.png", view="PA")
PRIOR = Media(name="d", path="prior.png", view="PA", is_prior=True)
SECTIONS = {"findings": "The lungs are clear.", "impression": "Normal."}
LABELS = ("edema", "no edema", "nodule, calcified")


def _sample(reference: Reference, *, media: tuple[Media, ...] = (FILM,), options: tuple[str, ...] = (), **texts: str) -> Sample:
    return Sample(id="s1", media=media, texts=texts, options=options, references=(reference,))


YES = _sample(Choice("yes"), question="Is there edema?", disease="edema", modality="CT", options=("yes", "no"))
ONE_OF = _sample(Choice("no edema"), question="What is seen?", options=LABELS)
OPEN = _sample(Text("left lower lobe"), question="Where?")
SET = _sample(LabelSet(("edema", "nodule, calcified")), question="Which?", options=LABELS, report="Edema.")
NO_SET = _sample(LabelSet(()), question="Which?", options=LABELS, report="Clear.")
REPORT = _sample(
    Text("Findings: The lungs are clear.\nImpression: Normal.", SECTIONS), media=(FILM, PRIOR), indication="Cough.", labs="CRP 5"
)
PLACE = {"question": "Where is it?", "width": "300", "height": "200"}
BOXES = _sample(Boxes((Box(1, 2, 30.5, 40), Box(0, 0, 300, 200))), **PLACE)
NAMED_BOXES = _sample(Boxes((Box(1, 2, 30, 40, "edema"),)), options=LABELS, **PLACE)
TEXTS = {
    "question": "Which side?",
    "passage": "It is on the left.",
    "findings": "Clear.",
    "report": "Findings: Clear.",
    "prior_report": "Edema.",
}

# file of the protocol -> its options and samples that they serve
EXAMPLES: dict[str, list[tuple[dict[str, Any], list[Sample]]]] = {
    "modality": [({}, [YES, _sample(Choice("MRI"), options=("CT", "MRI", "X-ray"))])],
    "diagnosis": [
        ({"form": "binary"}, [YES]),
        ({"form": "multilabel"}, [SET, NO_SET]),
        ({"form": "graded"}, [_sample(Choice("BI-RADS 4"), options=("BI-RADS 3", "BI-RADS 4", "BI-RADS 4A"))]),
        ({"form": "open"}, [ONE_OF, OPEN]),
    ],
    "vqa": [
        ({"form": "any"}, [YES, ONE_OF, OPEN]),
        ({"form": "closed", "abstain": "cannot tell"}, [YES, ONE_OF, _sample(Abstained("cannot tell"), question="?", options=LABELS)]),
        ({"form": "open"}, [OPEN]),
        ({"form": "choice"}, [ONE_OF]),
        ({"form": "choice", "select": "many"}, [SET, NO_SET]),
    ],
    "report": [
        ({"form": "findings"}, [_sample(Text(SECTIONS["findings"], {"findings": SECTIONS["findings"]}))]),
        ({"form": "impression"}, [_sample(Text(SECTIONS["impression"], {"impression": SECTIONS["impression"]}))]),
        ({"form": "both"}, [REPORT, _sample(Text("The lungs are clear."))]),
    ],
    "rationale": [
        ({}, [_sample(Choice("no edema", rationale="Sharp vessels."), options=LABELS)]),
        ({"answer": "free"}, [_sample(Choice("Gout", rationale="Tophi."))]),
    ],
    "retrieval": [],  # its answers are vectors, not text
    "grounding": [
        ({"form": "boxes"}, [BOXES, NAMED_BOXES, _sample(Boxes(()), **PLACE)]),
        ({"form": "points"}, [_sample(Points(((1.5, 2.0), (300.0, 0.0))), **PLACE), _sample(Points(()), **PLACE)]),
    ],
    "text": [
        (
            {"task": "qa", "abstain": "unanswerable"},
            [_sample(Text("left"), media=(), **TEXTS), _sample(Abstained("unanswerable"), **TEXTS)],
        ),
        ({"task": "impression"}, [_sample(Text("Normal."), media=(), **TEXTS)]),
        ({"task": "labels"}, [SET, NO_SET]),
        ({"task": "extract"}, [_sample(Text("Clear."), media=(), **TEXTS)]),
        ({"task": "change"}, [_sample(Text("The edema is gone."), media=(), **TEXTS)]),
    ],
}


def _classes() -> dict[str, type]:
    """Every protocol by the rule of names: `a_b.py` holds the class `AB`."""
    files = sorted(Path(radbench.protocols.__file__).parent.glob("[!_]*.py"))
    modules = {file.stem: import_module(f"radbench.protocols.{file.stem}") for file in files}
    named = {stem: getattr(module, "".join(map(str.capitalize, stem.split("_"))), None) for stem, module in modules.items()}
    return {stem: found for stem, found in named.items() if isinstance(found, type)}


CLASSES = _classes()


def _cases() -> list[Any]:
    cases = []
    for name, examples in EXAMPLES.items():
        for options, samples in examples:
            for answer in CLASSES[name].answer_modes:
                try:
                    protocol = CLASSES[name](**{"answer": answer} | options)
                except ContentError:
                    continue  # this form does not know this way of answering
                for n, sample in enumerate(samples):
                    label = " ".join(map(str, (name, *options.values(), answer, n)))
                    cases.append(pytest.param(protocol, sample, id=label))
    return cases


def test_every_protocol_has_examples() -> None:
    assert set(EXAMPLES) == set(CLASSES)


@pytest.mark.parametrize(("protocol", "sample"), _cases())
def test_the_target_is_read_as_the_reference(protocol: Any, sample: Sample) -> None:
    assert protocol.read(sample, Reply(output=protocol.target(sample))) == sample.references[0]


@pytest.mark.parametrize(("protocol", "sample"), _cases())
def test_asking_twice_is_the_same_and_shows_all_media(protocol: Any, sample: Sample) -> None:
    request = protocol.ask(sample)

    assert request == protocol.ask(sample)
    assert [part for part in request.turns[-1].parts if isinstance(part, Media)] == list(sample.media)
    assert request.sample_id == "s1"
    assert request.kind == "generate" or request.options


@pytest.mark.parametrize(("protocol", "sample"), _cases())
def test_what_may_be_chosen_stands_in_the_request_in_every_answer_mode(protocol: Any, sample: Sample) -> None:
    is_choice = isinstance(sample.references[0], Choice | LabelSet | Abstained)

    assert protocol.ask(sample).options == (sample.options if is_choice else ())


@pytest.mark.parametrize(("protocol", "sample"), _cases())
def test_a_solved_example_ends_with_its_target(protocol: Any, sample: Sample) -> None:
    turns = protocol.ask(sample, shots=(sample,)).turns

    assert [turn.role for turn in turns] == ["user", "assistant", "user"]
    assert turns[1].parts == (protocol.target(sample),)
    assert turns[0] == turns[2]


@pytest.mark.parametrize(("protocol", "sample"), _cases())
@pytest.mark.parametrize("output", [None, "", "\n", "yes no", {}, {"yes": 0.0}, Boxes(()), Vectors.of(np.ones((1, 2)))], ids=str)
def test_an_output_of_any_kind_gives_an_answer(protocol: Any, sample: Sample, output: Any) -> None:
    answer = protocol.read(sample, Reply(output=output))

    assert answer is not None
    if isinstance(answer, Unparsed):
        assert 0 < len(answer.reason) < 60


PROTOCOLS = [(case.values[0], case.values[1]) for case in _cases()]
PIECES = st.sampled_from(
    [
        "A",
        "(b)",
        "yes",
        "no ",
        "edema",
        ", ",
        "\n",
        "Findings:",
        "Diagnosis:",
        "[1,2",
        ",3,4]",
        "{",
        "}",
        "[",
        "answer",
        ":",
        "1e999",
        "NaN",
    ]
)


@given(st.one_of(st.text(), st.lists(PIECES).map("".join)))
def test_no_text_makes_any_protocol_raise(text: str) -> None:
    for protocol, sample in PROTOCOLS:
        protocol.read(sample, Reply(output=text))
        marked = protocol.read(sample, Reply(output=f"{text} zqx"))

        assert not isinstance(marked, Unparsed) or "zqx" not in marked.reason  # reasons are counted: they quote nothing


@pytest.mark.parametrize("name", CLASSES)
def test_a_protocol_takes_keywords_only_and_says_what_samples_it_needs(name: str) -> None:
    parameters = inspect.signature(CLASSES[name]).parameters

    assert {"answer", "reader"} <= set(parameters)
    assert all(p.kind is p.KEYWORD_ONLY and p.default is not p.empty for p in parameters.values())
    assert "sample" in (CLASSES[name].__doc__ or "").lower()


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("options", [{"answer": "spoken"}, {"reader": "lenient"}])
def test_an_unknown_answer_mode_or_reader_is_refused(name: str, options: dict[str, str]) -> None:
    with pytest.raises(ContentError, match=r"expected .*, got `(spoken|lenient)`"):
        CLASSES[name](**options)


@pytest.mark.parametrize(("protocol", "sample"), _cases())
def test_a_sample_without_a_reference_has_no_target(protocol: Any, sample: Sample) -> None:
    bare = Sample(id="s1", media=sample.media, texts=sample.texts, options=sample.options)

    with pytest.raises(ContentError, match="sample `s1` has no reference"):
        protocol.target(bare)
