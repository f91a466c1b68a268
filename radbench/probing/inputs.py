"""The edits of inputs by which models are stressed: what each does to a sample, and what it demands of the answer.

An edit changes the sample before the protocol asks about it, with its references where the right answer changes. `rule` says what
must hold between the answer to the sample as it is and the answer to the edited one (radbench.probing.invariants).
A new edit is one function and one entry of `INPUT_EDITS`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias, TypeVar

from radbench.probing import _questions as questions
from radbench.probing import _swaps as swaps
from radbench.sample import Answer, Box, Boxes, Choice, ImageMode, LabelSet, Media, Points, Reference, Sample, Text

Rule: TypeAlias = Literal["keep", "flip", "sides", "no comparison", "no absent view", ""]
AnswerT = TypeVar("AnswerT", Answer, Reference)

_YES_NO: Final = {"yes": "no", "no": "yes"}
_PRIOR_TEXTS: Final = ("prior", "comparison")  # how the roles of texts of an earlier study begin


@dataclass(frozen=True, slots=True)
class InputEdit:
    """One way to change a sample, or to show other images in its place."""

    rule: Rule  # "": the answer may change as it will
    change: Callable[[Sample, Mapping[str, str]], Sample | None]  # with the strangers' indications by id; None: it does not apply
    images: ImageMode = "real"  # an ablation of images is no edit of samples but a setting of the run
    needs_strangers: bool = False


def mirrored(sample: Sample, _: Mapping[str, str]) -> Sample | None:
    """The mirror image of a patient: images, and left and right in all texts, options and references. Lateral views stay."""
    if not sample.media or all("lat" in media.view.lower() for media in sample.media):
        return None
    width = width_of(sample)
    references = [mirrored for reference in sample.references if (mirrored := mirror_answer(reference, width)) is not None]
    if len(references) < len(sample.references):
        return None
    options = tuple(_sided(option) for option in sample.options)
    return replace(
        sample,
        media=tuple(map(_mirrored_media, sample.media)),
        texts={role: _sided(text) for role, text in sample.texts.items()},
        options=sample.options if set(options) == set(sample.options) else options,
        references=tuple(references),
    )


def mirror_answer(answer: AnswerT, width: float | None) -> AnswerT | None:
    """The answer that is right for the mirror image; None where it holds places and the width of the image is not known."""
    match answer:
        case Text(text=text, sections=sections):
            return Text(_sided(text), {name: _sided(said) for name, said in sections.items()})
        case Choice(label=label, scores=scores, rationale=rationale):
            return Choice(_sided(label), {_sided(option): score for option, score in scores.items()}, _sided(rationale))
        case LabelSet(labels=labels, scores=scores):
            return LabelSet(tuple(map(_sided, labels)), {_sided(label): score for label, score in scores.items()})
        case Boxes() | Points():
            return None if width is None else _mirrored_places(answer, width)
        case _:
            return answer


def width_of(sample: Sample) -> float | None:
    """The width of the sample's image in pixels, where it tells it."""
    try:
        return float(sample.texts.get("width", ""))
    except ValueError:
        return None


def without_prior(sample: Sample, _: Mapping[str, str]) -> Sample | None:
    """Without images and texts of earlier studies."""
    media = tuple(item for item in sample.media if not item.is_prior)
    texts = {role: text for role, text in sample.texts.items() if not role.startswith(_PRIOR_TEXTS)}
    return replace(sample, media=media, texts=texts) if len(media) + len(texts) < len(sample.media) + len(sample.texts) else None


def paraphrased(sample: Sample, _: Mapping[str, str]) -> Sample | None:
    """The question in other words."""
    return _asked(sample, questions.paraphrased(sample.texts.get("question", "")))


def negated(sample: Sample, _: Mapping[str, str]) -> Sample | None:
    """A yes/no question turned round, and its right answer with it."""
    labels = [reference.label.lower() for reference in sample.references if isinstance(reference, Choice)]
    options = {option.lower() for option in sample.options} or set(_YES_NO)
    if not labels or len(labels) < len(sample.references) or {*labels, *options} != set(_YES_NO):
        return None
    edited = _asked(sample, questions.negated(sample.texts.get("question", "")))
    spelt = {option.lower(): option for option in sample.options or _YES_NO}
    return edited and replace(edited, references=tuple(Choice(spelt[_YES_NO[label]]) for label in labels))


def shuffled(sample: Sample, _: Mapping[str, str]) -> Sample | None:
    """The options in another order, drawn by a hash of the sample's id."""
    drawn = sorted(sample.options, key=lambda option: hashlib.sha256(f"{sample.id}/{option}".encode()).digest())
    if len(drawn) < 2:
        return None
    return replace(sample, options=tuple(drawn) if tuple(drawn) != sample.options else (*drawn[1:], drawn[0]))


def without_a_view(sample: Sample, _: Mapping[str, str]) -> Sample | None:
    """Without the last image of the present study, where that has several."""
    current = [item for item in sample.media if not item.is_prior]
    return replace(sample, media=tuple(item for item in sample.media if item is not current[-1])) if len(current) > 1 else None


def of_a_stranger(sample: Sample, strangers: Mapping[str, str]) -> Sample | None:
    """With the indication of another patient."""
    stranger = strangers.get(sample.id)
    return None if stranger is None else replace(sample, texts={**sample.texts, "indication": stranger})


def strangers(samples: Iterable[Sample]) -> dict[str, str]:
    """For each sample with an indication that of one of another cluster that reads differently: the next such in the order of hashes."""
    known = [(s.id, s.cluster or s.id, s.texts["indication"]) for s in samples if s.texts.get("indication")]
    known.sort(key=lambda one: (hashlib.sha256(one[0].encode()).digest(), one[0]))
    found: dict[str, str] = {}
    for i, (sample, cluster, own) in enumerate(known):
        others = (known[(i + step) % len(known)] for step in range(1, len(known)))
        other = next((text for _, of, text in others if of != cluster and text != own), None)
        if other is not None:
            found[sample] = other
    return found


def _image_edit(text: str) -> Callable[[Sample, Mapping[str, str]], Sample | None]:
    def edited(sample: Sample, _: Mapping[str, str]) -> Sample | None:
        media = tuple(replace(item, edits=(*item.edits, text)) for item in sample.media)
        return replace(sample, media=media) if media else None

    return edited


def _ablated(mode: ImageMode) -> InputEdit:
    return InputEdit("", lambda sample, _: sample if sample.media else None, mode)


INPUT_EDITS: Final[Mapping[str, InputEdit]] = {
    "mirror": InputEdit("sides", mirrored),
    "no_prior": InputEdit("no comparison", without_prior),
    "paraphrase": InputEdit("keep", paraphrased),
    "negation": InputEdit("flip", negated),
    "shuffle": InputEdit("keep", shuffled),
    "window": InputEdit("keep", _image_edit("window:0.7")),
    "grain": InputEdit("keep", _image_edit("grain:0.03")),
    "jpeg": InputEdit("keep", _image_edit("jpeg:50")),
    "missing_view": InputEdit("no absent view", without_a_view),
    "wrong_indication": InputEdit("keep", of_a_stranger, needs_strangers=True),
    "images_blank": _ablated("blank"),
    "images_noise": _ablated("noise"),
    "images_swapped": _ablated("swapped"),
    "images_none": _ablated("none"),
}


def _asked(sample: Sample, question: str | None) -> Sample | None:
    return None if question is None else replace(sample, texts={**sample.texts, "question": question})


def _mirrored_places(places: Boxes | Points, width: float) -> Boxes | Points:
    if isinstance(places, Points):
        return Points(tuple((width - x, y) for x, y in places.points))
    return Boxes(tuple(Box(width - b.x1, b.y0, width - b.x0, b.y1, _sided(b.label), b.score) for b in places.boxes))


def _mirrored_media(media: Media) -> Media:
    if "lat" in media.view.lower():
        return media
    return replace(media, edits=(*media.edits, "mirror"), laterality=_sided(media.laterality))


def _sided(text: str) -> str:
    return swaps.sides(text) or text
