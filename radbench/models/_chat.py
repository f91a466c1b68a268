"""Requests as the messages of a chat: texts as they are, images and volumes as pictures in data URIs."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from radbench.errors import ModelError, SampleModelError
from radbench.media import Reader, resize
from radbench.sample import Media, Part, Request, Turn

Message: TypeAlias = dict[str, Any]
Film: TypeAlias = NDArray[np.uint8]

LETTERS: Final = "ABCDEFGHIJKLMNOPQRST"  # as many as the 20 most likely tokens that servers tell
_ENCODED: Final = 64  # pictures kept: the questions on one image follow each other
_JPEG_QUALITY: Final = 95


class Pictures(BaseModel):
    """How images become pictures: a card's `preprocessing`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    image_px: int = Field(default=1024, ge=0)  # longest side; larger pictures are shrunk to it; 0: sent as large as they are
    image_format: Literal["png", "jpeg"] = "png"
    slices: int = Field(default=8, ge=1)  # of a volume, evenly spaced
    volumes: Literal["slices", "montage"] = "slices"  # one picture a slice, or all slices in one picture, row by row
    detail: Literal["low", "high", "auto"] | None = None  # OpenAI's word for how finely a picture is looked at


class Chat:
    """Writes the messages of a request; `system` stands before the request's own system text."""

    def __init__(self, pictures: Pictures, system: str) -> None:
        self._pictures, self._system = pictures, system
        self._reader: Reader | None = None
        self.picture = lru_cache(maxsize=_ENCODED)(self._picture)

    def read_with(self, reader: Reader) -> None:
        """Take the reader of the images that will be asked about."""
        self._reader = reader

    def messages(self, request: Request) -> list[Message]:
        """The conversation; a ranking ends with its options under letters.

        Raises:
            MissingDataError, MediaError: an image cannot be read.
            SampleModelError: more options to rank than a server tells likelihoods of.
        """
        turns = list(request.turns)
        system = [self._system] if self._system else []
        if system and turns and turns[0].role == "system":
            system.append(_text(turns.pop(0)))
        written: list[Message] = [{"role": "system", "content": "\n\n".join(system)}] if system else []
        written += [self._message(turn) for turn in turns]
        if request.kind == "rank":
            if len(request.options) > len(LETTERS):
                raise SampleModelError(f"{len(request.options)} options cannot be ranked: servers tell the {len(LETTERS)} likeliest tokens")
            written[-1] = _with_letters(written[-1], request.options)
        return written

    def _message(self, turn: Turn) -> Message:
        if not any(isinstance(part, Media) for part in turn.parts):
            return {"role": turn.role, "content": _text(turn)}
        return {"role": turn.role, "content": [item for part in turn.parts for item in self._items(part)]}

    def _items(self, part: Part) -> list[Message]:
        if isinstance(part, str):
            return [{"type": "text", "text": part}]
        detail = {"detail": self._pictures.detail} if self._pictures.detail else {}
        return [{"type": "image_url", "image_url": {"url": url, **detail}} for url in self.picture(part)]

    def _picture(self, media: Media) -> tuple[str, ...]:
        """Data URIs of an image (one), or of a volume (one a slice, or one of all)."""
        if self._reader is None:
            raise ModelError("model `openai` was asked about images before `load`")
        settings = self._pictures
        if media.ndim == 2:
            films = [self._reader.film(media)]
        else:
            films = list(self._reader.film(media, slices=settings.slices))
            if settings.volumes == "montage":
                films = [_montage(films)]
        return tuple(_data_uri(_shrunk(film, settings.image_px), settings.image_format) for film in films)


def _text(turn: Turn) -> str:
    return "\n".join(part for part in turn.parts if isinstance(part, str))


def _with_letters(message: Message, options: tuple[str, ...]) -> Message:
    """The last message with the options under letters: a letter is one token, whatever words options begin with."""
    listed = "\n".join(f"{letter}. {option}" for letter, option in zip(LETTERS, options, strict=False))
    text = f"{listed}\nAnswer with the letter of the right option and nothing else."
    content = message["content"]
    return {**message, "content": f"{content}\n{text}" if isinstance(content, str) else [*content, {"type": "text", "text": text}]}


def _montage(films: list[Film]) -> Film:
    """Slices side by side, row by row, in a grid as square as it can be; what is left over stays black."""
    columns = math.ceil(math.sqrt(len(films)))
    rows = math.ceil(len(films) / columns)
    height, width = films[0].shape[:2]
    grid = np.zeros((rows * height, columns * width, *films[0].shape[2:]), np.uint8)
    for place, film in enumerate(films):
        row, column = divmod(place, columns)
        grid[row * height : (row + 1) * height, column * width : (column + 1) * width] = film
    return grid


def _shrunk(film: Film, longest_px: int) -> Film:
    height, width = film.shape[:2]
    if not longest_px or max(height, width) <= longest_px:
        return film
    scale = longest_px / max(height, width)
    return resize(film, (max(1, round(height * scale)), max(1, round(width * scale))))


def _data_uri(film: Film, form: Literal["png", "jpeg"]) -> str:
    from PIL import Image

    file = io.BytesIO()
    options: Mapping[str, int] = {"quality": _JPEG_QUALITY} if form == "jpeg" else {"compress_level": 3}
    Image.fromarray(film).save(file, form, **options)
    return f"data:image/{form};base64,{base64.b64encode(file.getvalue()).decode('ascii')}"
