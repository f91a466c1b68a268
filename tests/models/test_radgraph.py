"""RadGraph on tiny archives of the published layout: held against the package, against a plain forward, and against damage."""

from __future__ import annotations

import json
import math
import shutil
import tarfile
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nltk.tokenize import wordpunct_tokenize
from radgraph_archives import LABELS, RELATIONS, REPORTS, Size, write_archive, write_encoder

from radbench.errors import ContentError, MissingDataError, MissingPackageError, ModelError, WeightsError
from radbench.media import Reader
from radbench.models._radgraph_text import Indexer, v1_words, xl_words
from radbench.models.radgraph import Radgraph
from radbench.sample import Reply, Request, Turn

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

NER = "_ner._ner_scorers.radgraph-xl__ner_labels"


def asked(text: str) -> Request:
    return Request(kind="annotate", turns=(Turn("user", (text,)),))


def loaded(**options: Any) -> Radgraph:
    model = Radgraph(device="cpu", **options)
    model.load(Reader({}))
    return model


def annotations(model: Radgraph, reports: Sequence[str] = REPORTS) -> list[Any]:
    return [json.loads(str(reply.output)) for reply in model.annotate([asked(report) for report in reports])]


@pytest.fixture(scope="session")
def archives(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One unpacked archive a model type; windows of 24 tokens, so that the longest report takes several."""
    folder = tmp_path_factory.mktemp("archives")
    return {name: write_archive(folder / name, name, Size(entity_bias=-0.5)) for name in LABELS}


@pytest.fixture
def archive(archives: dict[str, Path], tmp_path: Path) -> Path:
    """A radgraph-xl archive to be damaged."""
    return Path(shutil.copytree(archives["radgraph-xl"], tmp_path / "archive"))


def change(archive: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    """Save the archive's tensors again after an edit."""
    tensors = torch.load(archive / "weights.th", weights_only=True)
    edit(tensors)
    torch.save(tensors, archive / "weights.th")


def set_config(archive: Path, **modules: dict[str, Any]) -> None:
    config = json.loads((archive / "config.json").read_text())
    for name, values in modules.items():
        (config["model"]["modules"] if name == "coref" else config["model"])[name] |= values
    (archive / "config.json").write_text(json.dumps(config))


@pytest.mark.parametrize("model_type", LABELS)
def test_annotations_are_identical_to_the_package_s(model_type: str, archives: dict[str, Path]):
    if find_spec("radgraph") is None:
        pytest.skip("the package radgraph is not installed: pip install 'radbench[radgraph]'")
    options = {"model_type": model_type, "weights": archives[model_type]}
    found = annotations(loaded(**options))

    assert found == annotations(loaded(**options, backend="package"))
    assert sum(len(one["entities"]) for one in found) > 100
    assert sum(len(entity["relations"]) for one in found for entity in one["entities"].values()) > 50


def test_the_backend_package_without_the_package_says_how_to_get_it(archives: dict[str, Path]):
    if find_spec("radgraph") is not None:
        pytest.skip("the package radgraph is installed")
    with pytest.raises(MissingPackageError, match=r"radbench\[radgraph\]"):
        loaded(weights=archives["radgraph-xl"], backend="package")


def plain_forward(archive: Path, words: list[str], size: Size) -> dict[str, Any]:
    """The definition, span by span and pair by pair, for a BERT encoder and a report of one window."""
    tensors = torch.load(archive / "weights.th", weights_only=True)
    prefix = "_embedder.token_embedder_bert._matched_embedder.transformer_model."
    encoder = transformers.AutoModel.from_config(transformers.AutoConfig.from_pretrained(archive / "tokenizer")).eval()
    encoder.load_state_dict({name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)})
    batch = transformers.AutoTokenizer.from_pretrained(archive / "tokenizer")([words], is_split_into_words=True, return_tensors="pt")
    vectors, owner = encoder(**batch).last_hidden_state[0], batch.word_ids(0)
    word = [vectors[[i for i, w in enumerate(owner) if w == n]].mean(dim=0) for n in range(len(words))]

    def through(x: Any, network: str, scorer: str) -> Any:
        for i in range(len(size.feed)):
            x = torch.relu(tensors[f"{network}_linear_layers.{i}.weight"] @ x + tensors[f"{network}_linear_layers.{i}.bias"])
        return tensors[f"{scorer}.weight"] @ x + tensors[f"{scorer}.bias"]

    spans = [(a, b) for a in range(len(words)) for b in range(a, min(a + size.widths, len(words)))]
    width = tensors["_endpoint_span_extractor._span_width_embedding.weight"]
    vector = {(a, b): torch.cat([word[a], word[b], width[b - a]]) for a, b in spans}
    entities = {}
    for span in spans:
        scores = through(vector[span], f"{NER}.0._module.", f"{NER}.1._module")
        if scores.max() > 0:
            first, last = span
            label = LABELS["radgraph-xl"][int(scores.argmax())]
            entities[span] = {
                "tokens": " ".join(words[first : last + 1]),
                "label": label,
                "start_ix": first,
                "end_ix": last,
                "relations": [],
            }
    pruner = "_relation._mention_pruners.radgraph-xl__relation_labels._scorer"
    mention = {span: through(vector[span], f"{pruner}.0._module.", f"{pruner}.1._module")[0] for span in spans}
    best = sorted(spans, key=lambda span: -mention[span])[: math.ceil(0.6 * len(words))]
    number = {span: str(i) for i, span in enumerate(entities, start=1)}
    name = "_relation._relation_{}.radgraph-xl__relation_labels"
    for one in sorted(best):
        for other in sorted(best):
            pair = torch.cat([vector[one], vector[other], vector[one] * vector[other]])
            scores = through(pair, f"{name.format('feedforwards')}.", name.format("scorers")) + mention[one] + mention[other]
            if scores.max() > 0 and one in entities and other in entities:
                entities[one]["relations"].append([("", *RELATIONS)[int(scores.argmax())], number[other]])
    return {number[span]: entity for span, entity in entities.items()}


def test_annotations_are_those_of_a_plain_forward(tmp_path: Path):
    size = Size(max_length=None, entity_bias=-0.5)
    folder = write_archive(tmp_path / "archive", "radgraph-xl", size, seed=2)
    reports = REPORTS[:5]
    with torch.inference_mode():
        wanted = [plain_forward(folder, xl_words(report), size) for report in reports]

    found = annotations(loaded(weights=folder), reports)

    assert [one["entities"] for one in found] == wanted
    assert [one["text"] for one in found] == [" ".join(xl_words(report)) for report in reports]


@pytest.mark.parametrize("model_type", LABELS)
def test_a_batch_equals_its_reports_one_by_one(model_type: str, archives: dict[str, Path]):
    model = loaded(model_type=model_type, weights=archives[model_type])
    together = model.annotate([asked(report) for report in REPORTS])

    assert list(together) == [model.annotate([asked(report)])[0] for report in REPORTS]
    assert model.annotate([]) == []


def test_reports_without_any_entity_are_answered_too(tmp_path: Path):
    folder = write_archive(tmp_path / "archive", "radgraph-xl", Size(entity_bias=-1000.0))

    assert [one["entities"] for one in annotations(loaded(weights=folder))] == [{}] * len(REPORTS)


@pytest.mark.parametrize("model_type", LABELS)
def test_a_text_that_the_tokenizer_makes_nothing_of_is_answered_too(model_type: str, archives: dict[str, Path]):
    (found,) = annotations(loaded(model_type=model_type, weights=archives[model_type]), ["\u200d \u200d"])

    assert found["text"] == "\u200d \u200d"


@pytest.mark.parametrize("text", ["", " \n "])
def test_a_text_without_a_word_has_no_entities(text: str, archives: dict[str, Path]):
    assert annotations(loaded(weights=archives["radgraph-xl"]), [text]) == [{"text": "", "entities": {}}]


def test_construction_touches_nothing(tmp_path: Path):
    assert Radgraph(weights=tmp_path / "absent", batch_size=3).batch_size == 3


@pytest.mark.parametrize("top", ["", "radgraph-xl/"])
def test_a_packed_archive_equals_its_folder_wherever_it_lies(top: str, archive: Path, tmp_path: Path):
    (tmp_path / "hub").mkdir()
    with tarfile.open(tmp_path / "hub" / "radgraph-xl.tar.gz", "w:gz") as packed:
        for path in sorted(archive.rglob("*")):
            packed.add(path, top + str(path.relative_to(archive)), recursive=False)
    unpacked = loaded(weights=archive)
    for weights in (tmp_path / "hub", tmp_path / "hub" / "radgraph-xl.tar.gz"):
        model = loaded(weights=weights)
        assert model.identity() == unpacked.identity()
        assert annotations(model) == annotations(unpacked)


def test_the_identity_is_json_and_follows_weights_and_vocabulary(archive: Path):
    before = loaded(weights=archive).identity()
    change(archive, lambda tensors: tensors[f"{NER}.1._module.bias"].add_(1))
    changed = loaded(weights=archive).identity()
    with (archive / "tokenizer" / "vocab.txt").open("a") as file:
        file.write("[unused]\n")

    assert json.loads(json.dumps(before)) == before
    assert {name for name in before if before[name] != changed[name]} == {"weights"}


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda t: t.pop(f"{NER}.1._module.bias"), rf"missing: {NER}\.1\._module\.bias"),
        (lambda t: t.update(stray=torch.zeros(1)), "unexpected: stray"),
        (
            lambda t: t.update({"_ner.renamed": t.pop(f"{NER}.1._module.bias")}),
            rf"missing: {NER}\.1\._module\.bias; unexpected: _ner\.renamed",
        ),
        (lambda t: t.update({f"{NER}.1._module.bias": torch.zeros(9)}), r"bias \(expected \(3,\), got \(9,\)\)"),
        (lambda t: t.pop("_coref._f_network._linear_layers.0.weight"), "missing: _coref"),
        (lambda t: t.pop(next(name for name in t if "layer.1.attention" in name)), r"missing: _embedder\..*layer\.1\.attention"),
    ],
)
def test_other_tensors_than_expected_are_refused_by_name(edit: Callable[[dict[str, Any]], object], said: str, archive: Path):
    change(archive, edit)
    with pytest.raises(WeightsError, match=said):
        loaded(weights=archive)


def test_position_ids_saved_by_old_versions_are_no_surprise(archive: Path):
    name = "_embedder.token_embedder_bert._matched_embedder.transformer_model.embeddings.position_ids"
    found = annotations(loaded(weights=archive))
    change(archive, lambda tensors: tensors.update({name: torch.arange(512)[None]}))

    assert annotations(loaded(weights=archive)) == found


def test_a_truncated_or_foreign_file_is_refused(archive: Path, tmp_path: Path):
    whole = (archive / "weights.th").read_bytes()
    (archive / "weights.th").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(WeightsError, match="truncated"):
        loaded(weights=archive)
    torch.save([1, 2], archive / "weights.th")
    with pytest.raises(WeightsError, match="holds no tensors by name"):
        loaded(weights=archive)
    (tmp_path / "radgraph-xl.tar.gz").write_bytes(b"no archive")
    with pytest.raises(WeightsError, match="no archive of tar and gzip"):
        loaded(weights=tmp_path / "radgraph-xl.tar.gz")
    (archive / "config.json").write_text("{}")
    with pytest.raises(WeightsError, match=r"config\.json` is no configuration of a RadGraph model: KeyError 'dataset_reader'"):
        loaded(weights=archive)


def test_what_is_missing_is_said_with_where_to_put_it(archive: Path, tmp_path: Path):
    with pytest.raises(WeightsError, match=r"needs weights: .*StanfordAIMI/RRG_scorers.*need no weights"):
        loaded()
    with pytest.raises(WeightsError, match="no weights at"):
        loaded(weights=tmp_path / "absent")
    with pytest.raises(WeightsError, match=r"no radgraph__ner_labels.*it has: radgraph-xl__ner_labels"):
        loaded(weights=archive, model_type="radgraph")
    shutil.rmtree(archive / "vocabulary")
    with pytest.raises(WeightsError, match="lacks vocabulary"):
        loaded(weights=archive)


def test_the_encoder_s_vocabulary_is_asked_for_by_name(archive: Path, tmp_path: Path):
    (archive / "tokenizer").rename(tmp_path / "encoder")
    config = (archive / "config.json").read_text().replace(str(archive.parent.parent), "absent")
    (archive / "config.json").write_text(json.dumps(_named(json.loads(config), "some-lab/some-encoder")))
    with pytest.raises(WeightsError, match=r"its encoder, `some-lab/some-encoder`.*as `tokenizer`"):
        loaded(weights=archive)

    assert annotations(loaded(weights=archive, tokenizer=tmp_path / "encoder"))


def test_a_packed_archive_finds_the_encoder_s_vocabulary_beside_it(archive: Path, tmp_path: Path):
    inside = annotations(loaded(weights=archive))
    place = tmp_path / "hub"
    place.mkdir()
    (archive / "tokenizer").rename(place / "tokenizer")
    (archive / "config.json").write_text(json.dumps(_named(json.loads((archive / "config.json").read_text()), "some-lab/some-encoder")))
    with tarfile.open(place / "radgraph-xl.tar.gz", "w:gz") as packed:
        packed.add(archive, ".")

    for weights in (place, place / "radgraph-xl.tar.gz"):
        assert annotations(loaded(weights=weights)) == inside
    shutil.rmtree(place / "tokenizer")
    with pytest.raises(WeightsError, match=rf"some-lab/some-encoder.*put them in `{place / 'tokenizer'}`"):
        loaded(weights=place)


def _named(config: dict[str, Any], encoder: str) -> dict[str, Any]:
    config["model"]["embedder"]["token_embedders"]["bert"]["model_name"] = encoder
    return config


@pytest.mark.parametrize(
    ("modules", "said"),
    [
        ({"coref": {"coref_prop": 2}}, r"coref_prop is not 0.*backend=package"),
        ({"loss_weights": {"relation": 0}}, r"loss_weights\.relation is 0"),
    ],
)
def test_a_network_of_another_make_is_left_to_the_package(modules: dict[str, dict[str, Any]], said: str, archive: Path):
    set_config(archive, **modules)
    with pytest.raises(WeightsError, match=said):
        loaded(weights=archive)


def test_stored_annotations_answer_in_place_of_weights(archives: dict[str, Path], tmp_path: Path):
    found = annotations(loaded(weights=archives["radgraph-xl"]))
    stored = {f"report-{i}": {**one, "data_source": None, "data_split": "inference"} for i, one in enumerate(found)}
    (tmp_path / "train.json").write_text(json.dumps(stored))
    model = loaded(annotations=tmp_path / "train.json")

    assert annotations(model) == found
    assert model.annotate([asked("Another report.")])[0].error == "not among the stored annotations"
    assert annotations(model, [""]) == [{"text": "", "entities": {}}]


def test_a_file_without_annotations_is_refused(tmp_path: Path):
    with pytest.raises(MissingDataError, match="expected a JSON file"):
        loaded(annotations=tmp_path / "absent.json")
    (tmp_path / "other.json").write_text('{"1": {"tokens": "nodule"}}')
    with pytest.raises(ContentError, match=r"published shape.*KeyError 'text'"):
        loaded(annotations=tmp_path / "other.json")


def test_only_a_single_text_is_annotated(archives: dict[str, Path]):
    model = loaded(weights=archives["radgraph-xl"])
    with pytest.raises(ModelError, match="one text at a time"):
        model.annotate([Request(kind="annotate", turns=(Turn("user", ("one", "two")),))])


def test_replies_are_text_that_a_store_can_keep(archives: dict[str, Path]):
    (reply,) = loaded(weights=archives["radgraph-xl"]).annotate([asked("No effusion.")])

    assert isinstance(reply, Reply)
    assert isinstance(reply.output, str)
    assert "\n" not in reply.output


@given(st.text(alphabet="ab ./,:!?()-\n%'\"\\", max_size=30))
def test_cutting_into_words_loses_nothing_but_blanks(text: str):
    assert "".join(v1_words(text)) == "".join(text.split())
    assert all(len(word) == 1 or not set(word) & set("/,:.!?()") for word in v1_words(text))


@given(st.text(alphabet="ab1_ .,:(-\u00e9", max_size=30))
def test_words_of_xl_are_those_of_nltk_where_nothing_is_repaired(text: str):
    assert xl_words(text) == wordpunct_tokenize(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Nodule (5%).", ["Nodule", "(", "5", "%", ")", "."]),
        ("at 5%, up", ["at", "5", "%", ",", "up"]),
        ("a\\nb\nc", ["a", "b", "c"]),
        ("so-called 'mass.'", ["so", "-", "called", "'", "mass", ".", "'"]),
    ],
)
def test_words_of_xl_are_repaired_as_in_training(text: str, words: list[str]):
    assert xl_words(text) == words


@pytest.fixture(scope="session")
def tokenizers(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Any]:
    """By whether it is a modern one, without a class of its own."""
    made = {}
    for is_modern in (False, True):
        folder = tmp_path_factory.mktemp("encoder") / "files"
        write_encoder(folder, is_modern=is_modern)
        made[is_modern] = transformers.AutoTokenizer.from_pretrained(folder)
    return made


@pytest.mark.parametrize("max_length", [None, 5, 8, 512])
def test_each_word_s_places_hold_its_own_pieces(max_length: int | None, tokenizers: dict[bool, Any]):
    tokenizer = tokenizers[False]
    for report in REPORTS:
        words = report.split()
        (pieces,) = Indexer(tokenizer, max_length).pieces([words])
        joined = [token for window in pieces.windows for token in window]
        ids = [tokenizer(word, add_special_tokens=False)["input_ids"] for word in words]

        assert [joined[place] for place in pieces.places] == [token for word in ids for token in word]
        assert list(pieces.counts) == [len(word) for word in ids]
        assert all(window[0] == 2 and window[-1] == 3 and len(window) <= (max_length or 10**6) for window in pieces.windows)


def test_windows_of_a_tokenizer_without_a_class_hold_no_special_tokens_and_words_sit_one_too_far(tokenizers: dict[bool, Any]):
    (pieces,) = Indexer(tokenizers[True], 512).pieces([["no", "pleural", "effusion"]])
    (whole,) = Indexer(tokenizers[True], None).pieces([["no", "pleural", "effusion"]])

    assert pieces.windows == (tuple(whole.windows[0][1:-1]),)
    assert (pieces.places, pieces.counts) == ((1, 2), (1, 1, 0))
    assert (whole.places, whole.counts) == ((1, 2, 3), (1, 1, 1))
