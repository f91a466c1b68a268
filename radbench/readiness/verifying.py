"""Somebody's weights held against published outputs: every check of a model's canaries, and a certificate of what came."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from pydantic import JsonValue

from radbench.catalog import Catalog
from radbench.catalog.components import canonical
from radbench.certificates import Certificate, CheckRecord, write_certificate
from radbench.errors import ContentError, ModelError
from radbench.media import Reader
from radbench.metrics.base import Metric
from radbench.models.base import Annotator, Embedder, Generator, Model
from radbench.readiness.canaries import Canary, Check, Pair, digest, find_canaries
from radbench.running.provenance import now, versions
from radbench.running.requests import fingerprint
from radbench.sample import Case, Reply, Request, Sample, Text, Turn
from radbench.scoring.rows import annotate

_PACKAGES: Final = ("python", "radbench", "torch", "transformers", "tokenizers", "numpy")  # whose versions may change an output


def verify(catalog: Catalog, name: str, weights: Mapping[str, Path], options: Mapping[str, str], out: Path) -> tuple[Path, Certificate]:
    """The certificate of a model, and the file below `out` that it was written to.

    `weights` says where they lie, by the model's name with dashes; `options` brings what a canary leaves to the user.

    Raises:
        UnknownNameError: there is no canary of this name. ContentError: an option is missing or unknown.
        WeightsError, MissingDataError, MissingPackageError: weights or packages are not there, or not what a reader accepts.
    """
    name = canonical(name)  # as metrics name it when they ask: or it would be loaded twice
    canaries = find_canaries(catalog, name)
    _check_options(canaries, options, name)
    asked = _Asked(catalog, weights)
    asked.model(name)
    checks = tuple(_checked(catalog, asked, name, check, options) for canary in canaries.values() for check in canary.checks)
    identities = asked.identities()
    own, installed = identities.pop(name), versions()
    certificate = Certificate(
        model=name,
        identity=fingerprint(own)[:16],
        weights=str(own.get("weights") or own.get("weights_sha256") or ""),
        stated=own,
        others={other: fingerprint(identity)[:16] for other, identity in identities.items()},
        canaries={digest(file): file.name for file in canaries},
        date=now(),
        versions={package: installed[package] for package in _PACKAGES if package in installed},
        passed=all(check.passed for check in checks),
        checks=checks,
    )
    return write_certificate(out, certificate), certificate


def differences(check: CheckRecord) -> list[tuple[str, Any, Any]]:
    """Where what came is not what was expected: the place (`entities.3.label`), what was expected, what came."""
    if not isinstance(check.got, Mapping) or "error" in check.got:
        return [("", check.expected, f"no answer: {check.got['error']}" if isinstance(check.got, Mapping) else check.got)]
    return list(_differing("", check.expected, check.got, check.tolerance))


class _Asked:
    """The models that checks ask, each loaded once; nothing is taken from stored replies."""

    def __init__(self, catalog: Catalog, weights: Mapping[str, Path]) -> None:
        self._catalog, self._weights = catalog, weights
        self._models: dict[str, tuple[str, Model]] = {}  # name -> family and model

    def model(self, name: str) -> Model:
        if name not in self._models:
            card = self._catalog.model(name)
            place = self._weights.get(canonical(card.name))
            model: Model = self._catalog.build(
                "models", card.family, card.options({"weights": str(place)} if place else None), where=card.where
            )
            model.load(Reader({}))
            self._models[name] = (card.family, model)
        return self._models[name][1]

    def identities(self) -> dict[str, dict[str, Any]]:
        """What decides the answers of each model, as the store of annotations has it."""
        return {name: {"family": family, **model.identity()} for name, (family, model) in self._models.items()}

    def __call__(self, name: str, requests: Sequence[Request]) -> list[Reply]:
        model = self.model(name)
        size = model.batch_size
        return [reply for start in range(0, len(requests), size) for reply in _ask(model, name, requests[start : start + size])]


def _ask(model: Model, name: str, requests: Sequence[Request]) -> Sequence[Reply]:
    try:
        match requests[0].kind:
            case "annotate" if isinstance(model, Annotator):
                return model.annotate(requests)
            case "embed" if isinstance(model, Embedder):
                return model.embed(requests)
            case "generate" if isinstance(model, Generator):
                return model.generate(requests)
            case kind:
                raise ContentError(f"model `{name}` cannot {kind}, which a check asks of it: name another one in the canary")
    except ModelError as error:
        return [Reply(error=str(error)) for _ in requests]


def _checked(catalog: Catalog, asked: _Asked, name: str, check: Check, options: Mapping[str, str]) -> CheckRecord:
    got: Any
    if check.metric is None:
        (reply,) = asked(name, [Request(kind="annotate", turns=(Turn("user", check.text),))])
        got = _answer(reply)
    else:
        metric: Metric = catalog.build("metrics", check.metric.name, {**check.metric.options, **options}, where="the canary")
        got = _values(metric, check.pairs, asked)
    shown = {key: got.get(key) for key in check.expect} if isinstance(got, Mapping) and "error" not in got else got
    passed = isinstance(shown, Mapping) and all(_equal(value, shown.get(key), check.tolerance) for key, value in check.expect.items())
    return CheckRecord(
        what=check.what,
        expected=dict(check.expect),
        got=shown,
        tolerance=check.tolerance,
        source=check.source,
        basis=check.basis,
        passed=passed,
    )


def _answer(reply: Reply) -> Any:  # noqa: ANN401  # whatever an annotator says
    """A reply as JSON; its error under that name."""
    if reply.error is not None:
        return {"error": reply.error}
    if not isinstance(reply.output, str):
        return reply.output
    try:
        return json.loads(reply.output)
    except ValueError:
        return {"error": "the reply is no JSON"}


def _values(metric: Metric, pairs: Sequence[Pair], asked: _Asked) -> dict[str, Any]:
    """The metric's values over pairs; not those of a part of them."""
    cases = [Case(Sample(id=str(i), references=(Text(pair.reference),)), Text(pair.candidate)) for i, pair in enumerate(pairs)]
    cases = annotate(metric, cases, asked)
    metric.prepare(cases)
    rows = metric.measure(cases)
    if reasons := sorted({reason for reason in rows.excluded if reason}):
        failed = sorted({reply.error for case in cases for reply in case.annotations if reply.error})
        return {"error": "; ".join((*reasons, *failed))}
    values = metric.aggregate(rows.array, np.ones((1, len(cases))))
    return {name: float(value[0]) if math.isfinite(value[0]) else None for name, value in values.items()}


def _equal(expected: JsonValue, got: Any, tolerance: float) -> bool:  # noqa: ANN401  # any JSON
    """Whether they are the same, numbers within the tolerance; `{one_of: [...]}` is met by any of these."""
    if isinstance(expected, dict) and expected.keys() == {"one_of"} and isinstance(expected["one_of"], list):
        return any(_equal(one, got, tolerance) for one in expected["one_of"])
    if isinstance(expected, dict):
        return (
            isinstance(got, Mapping)
            and expected.keys() == got.keys()
            and all(_equal(value, got[key], tolerance) for key, value in expected.items())
        )
    if isinstance(expected, list):
        return (
            isinstance(got, list) and len(expected) == len(got) and all(_equal(a, b, tolerance) for a, b in zip(expected, got, strict=True))
        )
    if isinstance(expected, int | float) and isinstance(got, int | float):
        return abs(expected - got) <= tolerance
    return type(expected) is type(got) and expected == got


def _differing(place: str, expected: JsonValue, got: Any, tolerance: float) -> Iterator[tuple[str, Any, Any]]:  # noqa: ANN401  # any JSON
    if _equal(expected, got, tolerance):
        return
    if isinstance(expected, dict) and isinstance(got, Mapping) and expected.keys() != {"one_of"}:
        for key in dict.fromkeys((*expected, *got)):
            yield from _differing(f"{place}.{key}" if place else str(key), expected.get(key), got.get(key), tolerance)
    else:
        yield place, expected, got


def _check_options(canaries: Mapping[Path, Canary], options: Mapping[str, str], name: str) -> None:
    wanted = {option: said for canary in canaries.values() for option, said in canary.options.items()}
    for option, said in wanted.items():
        if option not in options:
            raise ContentError(f"verifying `{name}` needs --option {option}=...: {said}")
    if unknown := [option for option in options if option not in wanted]:
        known = f"it takes {', '.join(wanted)}" if wanted else "it takes none"
        raise ContentError(f"--option {unknown[0]}: the canary of `{name}` has no such option; {known}")
