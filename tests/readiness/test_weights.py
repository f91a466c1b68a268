"""Whether weights are told to be there: held against what the readers themselves do with the same folders."""

from __future__ import annotations

import json
import shutil
import tarfile

import pytest
from radgraph_archives import LABELS, write_archive
from tiny_encoders import write_chexbert, write_encoder, write_tagger

from radbench.catalog import Catalog
from radbench.catalog.cards import ModelCard
from radbench.catalog.cards import Weights as CardWeights
from radbench.errors import RadbenchError
from radbench.media import Reader
from radbench.models import _encoders as encoders
from radbench.readiness import Machine
from radbench.readiness.weights import _VOCABULARY, READERS, find_weights


def card(family: str, **arguments) -> ModelCard:
    return ModelCard(name="mine", title="Mine", family=family, arguments=arguments)


def found(family: str, weights=None, **arguments):
    return find_weights(card(family, **arguments), Machine(weights={} if weights is None else {"mine": weights}))


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A complete folder for each family."""
    pytest.importorskip("torch", reason="needs the `local` extra")
    pytest.importorskip("transformers", reason="needs the `local` extra")
    folder = tmp_path_factory.mktemp("weights")
    return {
        "chexbert": write_chexbert(folder / "chexbert"),
        "encoder": write_encoder(folder / "encoder"),
        "ratescore-ner": write_tagger(folder / "tagger"),
        "radgraph": write_archive(folder / "radgraph", "radgraph-xl"),
    }


def test_a_family_without_weights_needs_none():
    assert found("constant") is None


@pytest.mark.parametrize("family", READERS)
def test_weights_that_nobody_names_are_missing_with_all_their_files(family):
    weights = found(family)
    assert weights.problem == "no weights are named"
    assert any("config.json" in file for file in weights.missing)


def test_a_path_that_is_not_there_is_named_with_who_named_it(tmp_path):
    assert f"`{tmp_path / 'none'}`, which --weights or the config file names" in found("chexbert", tmp_path / "none").problem
    stated = ModelCard(name="mine", title="Mine", family="chexbert", weights=CardWeights(path=str(tmp_path / "none")))
    assert "which `mine` names" in find_weights(stated, Machine()).problem


@pytest.mark.parametrize("family", ["chexbert", "encoder", "ratescore-ner", "radgraph"])
def test_a_complete_folder_is_ready(folders, family):
    weights = found(family, folders[family])
    assert (weights.problem, weights.missing) == ("", ())


REMOVED = [
    ("chexbert", "chexbert.pth"),
    ("chexbert", "config.json"),
    ("encoder", "config.json"),
    ("encoder", "model.safetensors"),
    ("ratescore-ner", "config.json"),
    ("ratescore-ner", "model.safetensors"),
    ("radgraph", "config.json"),
    ("radgraph", "weights.th"),
    ("radgraph", "vocabulary/radgraph-xl__ner_labels.txt"),
    ("radgraph", "vocabulary/radgraph-xl__relation_labels.txt"),
]


@pytest.mark.parametrize(("family", "file"), REMOVED)
def test_each_missing_file_is_named_and_the_reader_refuses_the_folder_too(folders, tmp_path, family, file):
    folder = shutil.copytree(folders[family], tmp_path / "copy")
    (folder / file).unlink()

    assert any(file in one for one in found(family, folder).missing)
    with pytest.raises(RadbenchError):
        Catalog().build("models", family, {"weights": str(folder)}).load(Reader({}))


@pytest.mark.parametrize("family", ["chexbert", "encoder", "ratescore-ner", "radgraph"])
def test_a_folder_without_a_vocabulary_is_not_ready(folders, tmp_path, family):
    folder = shutil.copytree(folders[family], tmp_path / "copy")
    tokenizer = folder / "tokenizer" if family == "radgraph" else folder
    for name in encoders._TOKENIZER_FILES:
        (tokenizer / name).unlink(missing_ok=True)

    assert any("vocab.txt" in one for one in found(family, folder).missing)
    with pytest.raises(RadbenchError, match="no vocabulary"):
        Catalog().build("models", family, {"weights": str(folder)}).load(Reader({}))


def test_the_vocabularies_are_those_that_readers_take():
    assert set(_VOCABULARY.split(", ")) == set(encoders._TOKENIZER_FILES)


def test_a_tokenizer_elsewhere_is_looked_for_there(folders, tmp_path):
    folder = shutil.copytree(folders["encoder"], tmp_path / "copy")
    for name in encoders._TOKENIZER_FILES:
        (folder / name).unlink(missing_ok=True)

    assert found("encoder", folder, tokenizer=str(folders["encoder"])).missing == ()
    assert "elsewhere" in found("encoder", folder, tokenizer=str(tmp_path / "elsewhere")).missing[0]


def test_chexbert_may_be_named_by_its_file(folders):
    assert found("chexbert", folders["chexbert"] / "chexbert.pth").problem == ""


def test_an_encoder_named_by_a_file_is_told_to_be_a_folder(folders):
    assert "expected the folder" in found("encoder", folders["encoder"] / "model.safetensors").problem


def packed(folder, to, *, tokenizer: bool):
    with tarfile.open(to, "w:gz") as archive:
        for name in ("config.json", "weights.th", "vocabulary", *(["tokenizer"] if tokenizer else [])):
            archive.add(folder / name, name)
    return to


def test_a_packed_archive_is_looked_into(folders, tmp_path):
    whole = packed(folders["radgraph"], tmp_path / "radgraph-xl.tar.gz", tokenizer=True)
    assert found("radgraph", whole).problem == ""
    assert found("radgraph", tmp_path).problem == ""  # the folder that holds it
    assert any("radgraph__ner_labels.txt" in file for file in found("radgraph", whole, model_type="radgraph").missing)


def test_a_packed_archive_without_the_encoders_files_wants_a_tokenizer(folders, tmp_path):
    folder = shutil.copytree(folders["radgraph"], tmp_path / "copy")
    config = json.loads((folder / "config.json").read_text())
    config["model"]["embedder"]["token_embedders"]["bert"]["model_name"] = "some/hub-id"
    (folder / "config.json").write_text(json.dumps(config))
    bare = packed(folder, tmp_path / "bare.tar.gz", tokenizer=False)

    assert any("config.json" in file for file in found("radgraph", bare).missing)
    assert found("radgraph", bare, tokenizer=str(folder / "tokenizer")).problem == ""


def test_a_truncated_archive_is_told(tmp_path):
    (tmp_path / "radgraph-xl.tar.gz").write_bytes(b"not packed")
    assert "truncated" in found("radgraph", tmp_path).problem


def test_stored_annotations_stand_in_for_an_archive(tmp_path):
    (tmp_path / "made.json").write_text("{}")
    assert found("radgraph", annotations=str(tmp_path / "made.json")).problem == ""
    assert "no file" in found("radgraph", annotations=str(tmp_path / "none.json")).problem


def test_a_hub_id_is_looked_for_in_the_cache(folders, tmp_path):
    stated = ModelCard(name="mine", title="Mine", family="encoder", weights=CardWeights(hub="org/big", revision="main"))
    machine = Machine(hub_cache=tmp_path)
    assert "`org/big` is not in" in find_weights(stated, machine).problem

    kept = tmp_path / "models--org--big"
    shutil.copytree(folders["encoder"], kept / "snapshots" / "abc")
    (kept / "refs").mkdir()
    (kept / "refs" / "main").write_text("abc\n")
    assert find_weights(stated, machine).problem == ""
    (kept / "snapshots" / "abc" / "config.json").unlink()
    assert "config.json" in find_weights(stated, machine).missing[0]


def test_every_kind_of_radgraph_wants_its_own_labels(tmp_path):
    for kind in LABELS:
        assert f"vocabulary/{kind}__ner_labels.txt" in found("radgraph", model_type=kind).missing[0]
