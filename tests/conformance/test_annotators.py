"""The contract of annotators: radbench's own keep it, on tiny weights where they need some, and what breaks it is found."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import pytest
from radgraph_archives import LABELS, Size, write_archive
from tiny_encoders import write_chexbert, write_encoder, write_tagger

from radbench.conformance import NotChecked, check_model
from radbench.findings import LABELS as FINDINGS
from radbench.media import Reader
from radbench.models.chexbert import Chexbert
from radbench.models.encoder import Encoder
from radbench.models.label_file import LabelFile
from radbench.models.radgraph import Radgraph
from radbench.models.ratescore_ner import RatescoreNer
from radbench.models.rules_14 import Rules14
from radbench.models.term_list import TermList
from radbench.sample import Reply


def test_rules_keep_the_contract():
    assert check_model(Rules14(), "rules-14") == []


def test_a_list_of_terms_keeps_the_contract(tmp_path):
    (tmp_path / "terms.txt").write_text("effusion\nlung\nheart\n")
    assert check_model(TermList(file=tmp_path / "terms.txt"), "term-list") == []


def test_a_table_of_labels_is_asked_about_its_own_texts(tmp_path):
    with (tmp_path / "labels.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Report Impression", *FINDINGS])
        writer.writerow(["Small effusion.", *(["1"] * len(FINDINGS))])
        writer.writerow(["Clear lungs.", *([""] * len(FINDINGS))])
    model = LabelFile(file=tmp_path / "labels.csv")
    assert check_model(model, "label-file") == []
    assert model.known == ["Small effusion.", "Clear lungs."]


def test_an_annotator_without_its_file_is_not_checked(tmp_path):
    with pytest.raises(NotChecked, match="no file"):
        check_model(TermList(file=tmp_path / "terms.txt"), "term-list")


@pytest.mark.parametrize(
    ("family", "made"),
    [
        ("chexbert", lambda folder: Chexbert(weights=write_chexbert(folder), device="cpu")),
        ("encoder", lambda folder: Encoder(weights=write_encoder(folder), device="cpu")),
        ("ratescore-ner", lambda folder: RatescoreNer(weights=write_tagger(folder), device="cpu")),
        *(
            (
                "radgraph",
                lambda folder, kind=kind: Radgraph(
                    model_type=kind, weights=write_archive(folder / "a", kind, Size(entity_bias=-8.0)), device="cpu"
                ),
            )
            for kind in LABELS
        ),
    ],
)
def test_a_reader_of_weights_keeps_the_contract(tmp_path, family, made):
    pytest.importorskip("torch", reason="needs the `local` extra")
    pytest.importorskip("transformers", reason="needs the `local` extra")

    assert check_model(made(tmp_path), family) == []


@pytest.mark.parametrize("family", ["chexbert", "encoder", "ratescore-ner", "radgraph"])
def test_a_reader_without_weights_is_not_checked(family):
    made = {"chexbert": Chexbert, "encoder": Encoder, "ratescore-ner": RatescoreNer, "radgraph": Radgraph}[family]()
    with pytest.raises(NotChecked, match="needs weights"):
        check_model(made, family)


class Labels(Rules14):
    """Rules that break one point of the contract each."""

    def replies(self, requests):
        return list(super().annotate(requests))


class Swapping(Labels):
    def annotate(self, requests):
        return self.replies(requests)[::-1]


class Forgetful(Labels):
    def annotate(self, requests):
        return self.replies([request for request in requests if request.turns[0].parts[0]])


class Changing(Labels):
    seen = 0

    def annotate(self, requests):
        self.seen += 1
        return [replace(reply, output={name: float(self.seen) for name in reply.output}) for reply in self.replies(requests)]


class Wordy(Labels):
    def annotate(self, requests):
        return [Reply(output="normal") for _ in requests]


class Both(Labels):
    def annotate(self, requests):
        return [replace(reply, error="and an error") for reply in self.replies(requests)]


class Fainting(Labels):
    def annotate(self, requests):
        if any(len(str(request.turns[0].parts[0])) > 2000 for request in requests):
            raise RuntimeError("too long")
        return self.replies(requests)


@pytest.mark.parametrize(
    ("model", "problem"),
    [
        (Swapping, "in the order of the requests"),
        (Forgetful, "should give a list of as many `Reply`"),
        (Changing, "asked twice give other replies"),
        (Wordy, "the metric `chexbert`, which asks this family, cannot read its replies"),
        (Both, "an output or an error, and never both"),
        (Fainting, "`annotate` raises RuntimeError"),
    ],
)
def test_an_annotator_that_breaks_the_contract_is_found(model, problem):
    assert problem in " ".join(check_model(model(), "rules-14"))


def test_a_family_that_no_metric_names_is_held_against_the_rest():
    class Spans:
        batch_size = 4

        def load(self, reader: Reader): ...

        def identity(self):
            return {"family": "spans"}

        def annotate(self, requests):
            return [Reply(output=json.dumps(str(request.turns[0].parts[0]).split())) for request in requests]

    assert check_model(Spans(), "spans") == []
