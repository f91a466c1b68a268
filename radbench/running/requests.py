"""Requests on their way to a model: their key in a journal, their text for people, and image ablation."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace

from radbench.folder import to_line
from radbench.sample import ImageMode, Media, Part, Request, Turn

_KEY_LENGTH = 20  # hex digits: 80 bits, no collision in any number of requests a run can hold


def fingerprint(value: object) -> str:
    """sha256 of a JSON value in canonical form (sorted keys, no blanks), in hex."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


class Keys:
    """Keys of one model's requests: equal exactly where the same model is asked the same thing."""

    def __init__(self, identity: Mapping[str, object]) -> None:
        self._start = hashlib.sha256(fingerprint(identity).encode())

    def of(self, request: Request, repeats: int = 1) -> tuple[str, ...]:
        """One key a repeat; media count by digest and edits, wherever they lie."""
        keyed = self._start.copy()
        keyed.update(to_line(_by_content(request)))
        first = keyed.hexdigest()[:_KEY_LENGTH]
        if repeats == 1:
            return (first,)
        rest = []
        for repeat in range(1, repeats):
            again = keyed.copy()
            again.update(b"#%d" % repeat)
            rest.append(again.hexdigest()[:_KEY_LENGTH])
        return (first, *rest)


def render(request: Request) -> str:
    """A request as text, for the journal and for people: media as `<image: name/path>`, options of a ranking at the end."""
    turns = request.turns
    if len(turns) == 1 and turns[0].role == "user":
        text = _render_turn(turns[0])
    else:
        text = "\n\n".join(f"[{turn.role}]\n{_render_turn(turn)}" for turn in turns)
    return f"{text}\n\n[options] {' | '.join(request.options)}" if request.kind == "rank" else text


def ablate(request: Request, mode: ImageMode, seed: int, swap: Mapping[Media, Media]) -> Request:
    """The request with its images blanked, replaced by noise, or by those that `swap` names: the others, of solved examples, stay."""
    if mode == "real":
        return request
    turns = tuple(Turn(turn.role, tuple(_ablated(part, mode, seed, swap) for part in turn.parts)) for turn in request.turns)
    return replace(request, turns=turns)


def _ablated(part: Part, mode: ImageMode, seed: int, swap: Mapping[Media, Media]) -> Part:
    if not isinstance(part, Media):
        return part
    if mode == "swapped":
        return swap.get(part, part)
    # by digest: an image shown in several turns of a conversation becomes the same noise in each
    return replace(part, edits=(*part.edits, f"noise:{seed}/{part.digest[:16]}" if mode == "noise" else mode))


def _by_content(request: Request) -> Request:
    if not any(isinstance(part, Media) for turn in request.turns for part in turn.parts):
        return request
    turns = tuple(
        Turn(turn.role, tuple(replace(p, name="", path="", data=None, size=0) if isinstance(p, Media) else p for p in turn.parts))
        for turn in request.turns
    )
    return replace(request, turns=turns)


def _render_turn(turn: Turn) -> str:
    parts = turn.parts
    if len(parts) == 1 and isinstance(parts[0], str):
        return parts[0]
    return "\n".join(part if isinstance(part, str) else _render_media(part) for part in parts)


def _render_media(media: Media) -> str:
    edits = f" ({', '.join(media.edits)})" if media.edits else ""
    return f"<{'volume' if media.ndim == 3 else 'image'}: {media.name}/{media.path}{edits}>"
