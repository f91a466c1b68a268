"""Prompts: a template parsed once, filled once per sample, and the conversation built from it.

    {question}        a text of the sample, or a slot that the protocol computes; a sample without it is an error
    {images}          all media here; {image:2}: the second one here; without either they stand before or after the text
    [[ for {indication}|.]]   left out, or replaced by what follows `|`, where one of its slots is empty for the sample

Other braces and brackets are plain text, so a prompt may show JSON. A filled value is never filled again. Markers in a
question (`<i>`, `<image>`, `<image 2>`) put the sample's media there, in order. Where several media, or one of an earlier
study, stand by themselves, each is introduced in words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence, Set
from typing import Final, Literal, TypeAlias

from radbench.errors import ContentError
from radbench.protocols.base import History
from radbench.sample import Media, Part, Reply, Sample, Turn
from radbench.thoughts import split_reasoning

Placement: TypeAlias = Literal["before", "after"]
Compute: TypeAlias = Callable[[Sample], str]
_Filled: TypeAlias = Sequence[str | int]  # texts, and indices of media; _ALL: all media that stand nowhere else
_Fill: TypeAlias = Callable[[Sample], _Filled]

CONTEXT: Final = ("indication", "context", "history", "prior_report", "labs", "vitals", "comparison", "technique", "view", "age", "sex")

_ALL: Final = -1
_GROUP: Final = re.compile(r"\[\[((?:(?!\[\[|\]\]).)*\{\s*[A-Za-z_](?:(?!\[\[|\]\]).)*)\]\]", re.DOTALL)
_SLOT: Final = re.compile(r"\{\s*([A-Za-z_]\w*(?::\w*)?)\s*\}")
_MARKER: Final = re.compile(r"<(?:i|img|image)\s*(\d*)\s*/?>", re.IGNORECASE)
_FRONTAL: Final = frozenset({"PA", "AP"})


class Prompt:
    """A task's prompt: how samples become turns of a conversation.

    Raises:
        ContentError: the template names a slot that this kind of task does not have.
    """

    def __init__(
        self,
        template: str,
        *,
        texts: Sequence[str],  # the sample's texts that may stand in it
        computed: Mapping[str, Compute] | None = None,  # slots that the protocol fills
        system: str | None = None,
        images: Placement = "before",
    ) -> None:
        if images not in ("before", "after"):
            raise ContentError(f"option `images`: expected `before` or `after`, got `{images}`")
        self._computed = dict(computed or {})
        self._known = (*texts, *self._computed)
        self._images_first = images == "before"
        self._system = (Turn("system", (system,)),) if system else ()
        self._fills: list[_Fill] = []
        end = 0
        for match in _GROUP.finditer(template):
            inside, _, otherwise = match[1].partition("|")
            self._fills += self._parse(template[end : match.start()], needed=True)
            self._fills.append(_group(self._parse(inside, needed=False), self._parse(otherwise, needed=True)))
            end = match.end()
        self._fills += self._parse(template[end:], needed=True)

    def conversation(self, sample: Sample, target: Compute, shots: Sequence[Sample], history: History) -> tuple[Turn, ...]:
        """System turn, solved examples, earlier turns of the conversation, then the sample itself.

        An earlier turn without an output is left out; media shown in an earlier turn are not shown again unless the
        text itself says where.

        Raises:
            ContentError: a text that the prompt needs is missing, or it points to a medium that the sample lacks.
        """
        if not shots and not history:
            return (*self._system, Turn("user", self._parts(sample)))
        turns = [*self._system]
        for shot in shots:
            turns += (Turn("user", self._parts(shot)), Turn("assistant", (target(shot),)))
        shown: set[Media] = set()
        for earlier, reply in history:
            if said := _said(reply):
                turns += (Turn("user", self._parts(earlier, shown)), Turn("assistant", (said,)))
                shown.update(earlier.media)
        return (*turns, Turn("user", self._parts(sample, shown)))

    def _parts(self, sample: Sample, shown: Set[Media] = frozenset()) -> tuple[Part, ...]:
        filled = [piece for fill in self._fills for piece in fill(sample)]
        media = sample.media
        placed = [piece for piece in filled if type(piece) is int]
        if not media:  # none at all (a text task, or the ablation without images): the places close up
            return ("".join([piece for piece in filled if type(piece) is str]),)
        if len(media) == 1 and not placed and not shown and not media[0].is_prior:
            text = "".join(filled)  # type: ignore[arg-type]  # nothing is placed: all are texts
            return (media[0], text) if self._images_first else (text, media[0])
        if placed and max(placed) >= len(media):
            raise ContentError(f"sample `{sample.id}`: its prompt points to image {max(placed) + 1}, the sample has {len(media)}")
        waiting = [i for i, item in enumerate(media) if i not in placed and item not in shown]
        block = _introduced(media, waiting)
        parts: list[Part] = []
        for piece in filled:
            if piece == _ALL:
                parts += block
            else:
                parts.append(media[piece] if isinstance(piece, int) else piece)
        if _ALL not in placed and block:
            gap = ["\n"] if len(block) > 1 else []
            parts = [*block, *gap, *parts] if self._images_first else [*parts, *gap, *block]
        return _joined(parts)

    def _parse(self, text: str, *, needed: bool) -> list[_Fill]:
        fills: list[_Fill] = []
        end = 0
        for match in _SLOT.finditer(text):
            fills += _constant(text[end : match.start()])
            fills += self._slot(match[1], needed=needed)
            end = match.end()
        return [*fills, *_constant(text[end:])]

    def _slot(self, name: str, *, needed: bool) -> list[_Fill]:
        if name == "images":
            return _constant(_ALL)
        role, _, number = name.partition(":")
        if role == "image" and number.isdecimal() and int(number) > 0:
            return _constant(int(number) - 1)
        if name not in self._known:
            slots = ", ".join(f"{{{known}}}" for known in (*self._known, "images", "image:1"))
            raise ContentError(f"option `prompt`: unknown slot {{{name}}}; this kind of task has {slots}")
        return [_slot(name, self._computed.get(name), needed=needed)]


def _constant(piece: str | int) -> list[_Fill]:
    filled = (piece,)
    return [] if piece == "" else [lambda _: filled]


def _slot(name: str, compute: Compute | None, *, needed: bool) -> _Fill:
    def fill(sample: Sample) -> _Filled:
        value = compute(sample) if compute else sample.texts.get(name, "")
        if not value:
            if needed:
                raise ContentError(f"sample `{sample.id}`: its prompt needs `{name}`, which the sample lacks; give it, or change `prompt`")
            return ()
        if name == "question" and "<" in value:
            return _marked(value)
        return (value,)

    return fill


def _group(inside: list[_Fill], otherwise: list[_Fill]) -> _Fill:
    def fill(sample: Sample) -> _Filled:
        filled = [fill(sample) for fill in inside]
        return [piece for pieces in (filled if all(filled) else [fill(sample) for fill in otherwise]) for piece in pieces]

    return fill


def _marked(question: str) -> list[str | int]:
    """The question split at its image markers, each by number or else the next one."""
    filled: list[str | int] = []
    end = 0
    for n, match in enumerate(_MARKER.finditer(question)):
        filled += (question[end : match.start()], max(int(match[1]), 1) - 1 if match[1] else n)
        end = match.end()
    return [*filled, question[end:]]


def _said(reply: Reply) -> str:
    """What a model said in an earlier turn: its text without reasoning, or the option it ranked first."""
    if isinstance(reply.output, str):
        return split_reasoning(reply.output)[1]
    if isinstance(reply.output, Mapping) and reply.output:
        return max(reply.output, key=lambda option: reply.output[option])  # type: ignore[index]  # a mapping, as just seen
    return ""


def _introduced(media: Sequence[Media], waiting: Sequence[int]) -> list[Part]:
    """The waiting media, each introduced in words unless it is the only one, of the present study."""
    if len(media) == 1 and not media[0].is_prior:
        return [media[i] for i in waiting]
    names = introductions(media)
    parts: list[Part] = []
    for i in waiting:
        parts += (f"\n{names[i]}: " if parts else f"{names[i]}: ", media[i])
    return parts


def introductions(media: Sequence[Media]) -> list[str]:
    """What each medium is, in words; equal ones are numbered.

    >>> introductions([Media(name="", path="1.png", view="PA"), Media(name="", path="2.png", view="lateral")])
    ['Frontal view (PA)', 'Lateral view']
    """
    with_priors = any(item.is_prior for item in media)
    names = [_name(item, with_study=with_priors) for item in media]
    return [f"{name} {names[: i + 1].count(name)}" if names.count(name) > 1 else name for i, name in enumerate(names)]


def _name(item: Media, *, with_study: bool) -> str:
    study = ("prior study" if item.is_prior else "current study") if with_study else ""
    date = f"({item.study_date})" if study and item.study_date else ""
    view = f"frontal view ({item.view})" if item.view.upper() in _FRONTAL else f"{item.view} view" if item.view else ""
    side = item.laterality if view else f"{item.laterality} side" if item.laterality else ""
    modality = "" if view else item.modality
    series = f"{item.series} series" if item.series else ""
    phase = f"{item.phase} phase" if item.phase else ""
    names = [" ".join(filter(None, words)) for words in ((study, date), (modality,), (side, view), (series,), (phase,))]
    name = ", ".join(filter(None, names)) or "image"
    return name[0].upper() + name[1:]


def _joined(parts: Sequence[Part]) -> tuple[Part, ...]:
    joined: list[Part] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        elif part != "":
            joined.append(part)
    return tuple(joined)
