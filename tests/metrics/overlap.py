"""A metric of the package `evaluate`, as a user writes one: the share of a reference's words that a prediction holds."""

import datasets
import evaluate


class Overlap(evaluate.Metric):
    def _info(self):
        text = datasets.Value("string")
        features = datasets.Features({"predictions": text, "references": text})
        return evaluate.MetricInfo(description="", citation="", inputs_description="", features=features)

    def _compute(self, predictions, references, scale=1.0):
        said, wanted = ([set(text.lower().split()) for text in texts] for texts in (predictions, references))
        shares = [scale * len(one & other) / len(other) for one, other in zip(said, wanted, strict=True)]
        together = scale * sum(len(one & other) for one, other in zip(said, wanted, strict=True)) / sum(map(len, wanted))
        return {"overlap": together, "shares": shares}
