"""radbench's metrics as modules of the Hugging Face package `evaluate`, for pipelines that are built on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from radbench.api import score
from radbench.catalog import Catalog
from radbench.extras import need
from radbench.metrics.base import Metric
from radbench.terms import Access


def as_evaluate(
    metric: str,
    *,
    weights: Mapping[str, Path | str] | None = None,
    store: Path | str = "runs/annotations",
    access: Access = "credentialed",
    data_agreement: str | None = None,
    catalog: Sequence[Path | str] = (),
    **options: object,
) -> Any:  # noqa: ANN401  # of an optional package
    """A metric as an `evaluate.Metric`: `compute(predictions=..., references=...)` gives {value id: number or None}.

    Predictions are texts, references texts or lists of texts any one of which is right. The numbers are those of
    `radbench.score`, which says what the keywords before `options` are: where annotators' weights lie, where their replies are kept,
    and on what terms texts may go to a judge.

    Example:
        bleu = radbench.as_evaluate("bleu", tokenizer="13a")
        bleu.compute(predictions=["No effusion."], references=["No pleural effusion."])["bleu-4"]

    Args:
        metric: its name in the catalogue.
        catalog: further folders of metrics and annotators.
        options: the metric's own.

    Raises:
        UnknownNameError, ContentError: there is no such metric or option.
        MissingPackageError: the package `evaluate` is not installed.
    """
    evaluate = need("evaluate", extra="evaluate", purpose=f"metric `{metric}` as an `evaluate` module")
    from datasets import Features, Value
    from datasets import Sequence as Several

    made: Metric = Catalog(catalog).build("metrics", metric, options, where="as_evaluate")
    terms: dict[str, Any] = {"access": access, "data_agreement": data_agreement, "weights": weights, "store": store, "catalog": catalog}

    class Radbench(evaluate.Metric):  # type: ignore[name-defined,misc]  # the package is optional
        """See `as_evaluate`."""

        @property
        def name(self) -> str:
            """The metric's own, under which `evaluate` keeps what it caches."""
            return f"radbench_{made.name}"

        def _info(self) -> Any:  # noqa: ANN401  # of an optional package
            text = Value("string")
            shapes = [Features({"predictions": text, "references": wanted}) for wanted in (Several(text), text)]
            described = (type(made).__doc__ or "").strip()
            return evaluate.MetricInfo(description=described, citation="", inputs_description=described, features=shapes)

        def _compute(self, predictions: Sequence[str], references: Sequence[Any]) -> dict[str, float | None]:
            found = score(references, predictions, [{metric: options}], draws=0, **terms)
            return {name: value.value for name, value in found.items()}

    return Radbench(keep_in_memory=True)
