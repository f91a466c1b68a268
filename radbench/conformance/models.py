"""The contract of a model, held against a toy batch: texts, a small film, options to rank, parts to embed."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from radbench.conformance.annotators import check_annotator
from radbench.conformance.reading import NotChecked
from radbench.errors import DataError, MissingPackageError, ModelError, WeightsError
from radbench.media import Reader
from radbench.models.base import Annotator, Embedder, Example, Generator, Learner, Model, Ranker
from radbench.sample import Boxes, Media, Reply, Request, Turn, Vectors
from radbench.terms import words

Ask: TypeAlias = Callable[[Sequence[Request]], Sequence[Reply]]

_MODEL: Final = {
    "batch_size": "how many requests it likes to see at once",
    "load": "gets ready to answer",
    "identity": "all that decides its answers, as JSON values",
}


def check_model(model: Model, family: str = "") -> list[str]:
    """What is wrong with a model of a family as constructed, one sentence each. It is loaded, and learns if it can.

    Raises:
        NotChecked: weights, files or packages that it needs are not here, or it refuses the toy batch.
    """
    lacking = [f"it lacks `{name}`: {what} (radbench.models.base.Model)" for name, what in _MODEL.items() if not hasattr(model, name)]
    if lacking:
        return lacking
    ways = _ways(model)
    if not ways and not isinstance(model, Annotator):
        return ["it answers in no way: it needs `generate`, `rank`, `embed` or `annotate`"]
    found = (
        [] if isinstance(model.batch_size, int) and model.batch_size > 0 else [f"`batch_size` should be 1 or more, not {model.batch_size}"]
    )
    doing = "load"
    try:
        model.load(Reader({}))
        if isinstance(model, Learner):
            doing = "learn"
            model.learn([Example(request, target) for request, target in zip(_requests("generate"), ("yes", "no", "yes"), strict=True)])
        for doing, ask in ways.items():
            found += [f"`{doing}`: {problem}" for problem in _answers(doing, ask)]
        if isinstance(model, Annotator):
            doing = "annotate"
            found += [f"`annotate`: {problem}" for problem in check_annotator(model, family)]
        doing = "identity"
        found += _identity(model)
    except (DataError, MissingPackageError, ModelError, WeightsError) as error:
        raise NotChecked(f"`{doing}`: {words(error)}") from error
    except Exception as error:  # a user's model: anything can happen in it
        found.append(f"`{doing}` raises {type(error).__name__}: {words(error)}")
    return found


def _ways(model: Model) -> dict[str, Ask]:
    ways: dict[str, Ask] = {}
    if isinstance(model, Generator):
        ways["generate"] = model.generate
    if isinstance(model, Ranker):
        ways["rank"] = model.rank
    if isinstance(model, Embedder) and not isinstance(model, Annotator):  # annotators embed texts alone: check_annotator
        ways["embed"] = model.embed
    return ways


def _answers(way: str, ask: Ask) -> list[str]:
    requests = _requests(way)
    replies = ask(requests)
    if not isinstance(replies, Sequence):
        return [f"it should give a list of `Reply`, not `{type(replies).__name__}`"]
    if len(replies) != len(requests):
        return [f"{len(requests)} requests should give as many `Reply`, in order; got {len(replies)}"]
    others = [type(reply).__name__ for reply in replies if not isinstance(reply, Reply)]
    if others:
        return [f"each reply should be a `Reply(output=...)` (radbench.sample), not `{others[0]}`"]
    found = []
    for request, reply in zip(requests, replies, strict=True):
        if (reply.output is None) == (reply.error is None):
            found.append("a reply has an output or an error, and never both")
        elif reply.output is not None and not _fits(request, reply):
            found.append(f"the output `{type(reply.output).__name__}` does not fit the request")
    alone = [ask([request])[0].output for request in requests]
    if not found and alone != [reply.output for reply in replies]:
        found.append("requests asked one by one give other outputs than asked together")
    return list(dict.fromkeys(found))


def _fits(request: Request, reply: Reply) -> bool:
    match request.kind:
        case "rank":
            return isinstance(reply.output, dict) and set(reply.output) == set(request.options)
        case "embed":
            return isinstance(reply.output, Vectors) and reply.output.shape[0] == len(request.turns[-1].parts)
        case _:
            return isinstance(reply.output, str | Boxes)


def _identity(model: Model) -> list[str]:
    identity = model.identity()
    try:
        json.dumps(dict(identity), allow_nan=False)
    except (TypeError, ValueError) as error:
        return [f"`identity` should hold JSON values only: {error}"]
    return [] if identity == model.identity() else ["`identity` should give the same at every call"]


def _requests(way: str) -> list[Request]:
    film = Media(name="toy", path="film.png", data=_film())
    texts = ("Is there an effusion?", "Is the heart enlarged?", "Is there a nodule?")
    turns = [(Turn("user", (film, text)),) for text in texts]
    match way:
        case "rank":
            return [Request(sample_id=str(i), kind="rank", turns=turn, options=("yes", "no")) for i, turn in enumerate(turns)]
        case "embed":
            return [Request(sample_id=str(i), kind="embed", turns=turn) for i, turn in enumerate(turns)]
        case _:
            return [Request(sample_id=str(i), turns=turn, max_new_tokens=16) for i, turn in enumerate(turns)]


def _film() -> bytes:
    """A small film with one bright square, as PNG."""
    from PIL import Image

    film = Image.new("L", (64, 64), 40)
    film.paste(200, (20, 24, 40, 44))
    file = io.BytesIO()
    film.save(file, "PNG")
    return file.getvalue()
