"""Cards: each mistake is named with file, line, key, expected and got; hashes follow what is asked and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from radbench.catalog.cards import BoardCard, MetricUse, ModelCard, TaskCard, ask_hash
from radbench.catalog.reading import parse_card, read_card
from radbench.errors import ContentError

TASK = """\
title: Questions
ask:
  version: 1
  dataset: jsonl
  dataset_options: {file: a.jsonl}
  split: test
  select: {sex: f}
  protocol: vqa
  options: {form: closed, positive: yes}
score:
  metrics: [bleu, {answer-text: {case: lower}}]
  primary: accuracy
"""
MODEL = "title: A floor\nfamily: constant\narguments: {text: no}\n"


def task(text: str = TASK) -> TaskCard:
    """The card in a text."""
    return parse_card(text, Path("suite.name.yaml"), TaskCard)


def test_a_card_is_named_by_its_file():
    assert task().name == "suite.name"


def test_yes_and_no_stay_words():
    assert task().ask.options["positive"] == "yes"
    assert parse_card(MODEL, Path("m.yaml"), ModelCard).options() == {"text": "no"}


def test_metrics_are_names_or_names_with_options():
    assert task().score.metrics == (MetricUse(name="bleu"), MetricUse(name="answer-text", options={"case": "lower"}))


def test_names_of_components_are_written_with_either_dash():
    assert task(TASK.replace("answer-text", "answer_text")).score.metrics == task().score.metrics


def test_one_selected_value_is_a_list_of_one():
    assert task().ask.select == {"sex": ("f",)}
    assert ask_hash(task(TASK.replace("sex: f", "sex: [f]"))) == ask_hash(task())


def test_a_card_survives_json():
    assert TaskCard.model_validate(task().model_dump(mode="json")) == task().model_copy(update={"file": None})


@pytest.mark.parametrize(
    ("wrong", "right", "message"),
    [
        ("protocl:", "protocol:", r"suite.name.yaml:8: key `ask.protocl` is unknown; did you mean `protocol`\?"),
        ("version: one", "version: 1", r"suite.name.yaml:3: `ask.version`: expected a whole number, got `'one'`"),
        ("version: 0", "version: 1", r"suite.name.yaml:3: `ask.version`: expected greater than or equal to 1, got `0`"),
        (
            "metrics: []",
            "metrics: [bleu, {answer-text: {case: lower}}]",
            r"suite.name.yaml:11: `score.metrics`: expected at least 1 item, got `\[\]`",
        ),
        (
            "metrics: bleu",
            "metrics: [bleu, {answer-text: {case: lower}}]",
            r"suite.name.yaml:11: `score.metrics`: expected a list, got `'bleu'`",
        ),
        ("split: [test]", "split: test", r"suite.name.yaml:6: `ask.split`: expected text, got"),
        ("options: closed", "options: {form: closed, positive: yes}", r"suite.name.yaml:9: `ask.options`: expected keys with values"),
        (
            "metrics: [{a: {}, b: {}}]",
            "metrics: [bleu, {answer-text: {case: lower}}]",
            r"suite.name.yaml:11: `score.metrics.0`: expected a name",
        ),
        ("answer: letters\n  split: test", "split: test", r"suite.name.yaml:6: `ask.answer`: expected 'free', 'letter' or 'ranked'"),
        ("", "  primary: accuracy\n", r"suite.name.yaml:10: key `score.primary` is missing"),
        ("name: other\ntitle: Questions", "title: Questions", r"suite.name.yaml:1: key `name` is unknown: a card is named by its file"),
    ],
)
def test_a_mistake_is_named_with_file_line_and_key(wrong, right, message):
    assert right in TASK
    with pytest.raises(ContentError, match=message):
        task(TASK.replace(right, wrong, 1))


def test_a_list_of_one_wrong_item_is_not_called_too_short():
    with pytest.raises(ContentError) as caught:
        task(TASK.replace("metrics: [bleu, {answer-text: {case: lower}}]", "metrics: [[bleu]]"))
    assert len(str(caught.value).splitlines()) == 1


def test_all_mistakes_of_a_card_are_told_at_once():
    with pytest.raises(ContentError) as caught:
        task(TASK.replace("version: 1", "version: x").replace("primary", "primry"))
    assert len(str(caught.value).splitlines()) == 3  # the version, the unknown key, the missing key


@pytest.mark.parametrize("text", ["", "- a\n", "just words\n"])
def test_a_file_without_keys_is_no_card(text):
    with pytest.raises(ContentError, match="expected a mapping"):
        task(text)


def test_a_file_that_is_not_there_or_not_text_is_a_content_error(tmp_path):
    with pytest.raises(ContentError, match="there is no such file"):
        read_card(tmp_path / "no.yaml", TaskCard)
    (tmp_path / "b.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ContentError, match="is not UTF-8 text"):
        read_card(tmp_path / "b.yaml", TaskCard)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("version: 1", "version: 2"),
        ("title: Questions", "title: Others"),
        ("primary: accuracy", "primary: bleu-1"),
        ("split: test", "split: test\n  answer: free\n  shots: 0"),
        ("options: {form: closed, positive: yes}", "options: {positive: yes, form: closed}"),
    ],
)
def test_the_hash_ignores_version_score_titles_defaults_and_order(old, new):
    assert ask_hash(task(TASK.replace(old, new, 1))) == ask_hash(task())


@pytest.mark.parametrize(
    ("old", "new"), [("closed", "open"), ("split: test", "split: train"), ("a.jsonl", "b.jsonl"), ("sex: f", "sex: m")]
)
def test_the_hash_follows_what_is_asked(old, new):
    assert ask_hash(task(TASK.replace(old, new, 1))) != ask_hash(task())


def test_the_hash_is_the_same_in_every_release():
    # what sha256 gives for the ask half above as canonical JSON, without the version
    import hashlib

    text = (
        '{"dataset":"jsonl","dataset_options":{"file":"a.jsonl"},"options":{"form":"closed","positive":"yes"},'
        '"protocol":"vqa","select":{"sex":["f"]},"split":"test"}'
    )
    assert ask_hash(task()) == hashlib.sha256(text.encode()).hexdigest()[:16]


def test_what_the_command_line_says_wins_over_the_card():
    card = parse_card(MODEL, Path("m.yaml"), ModelCard)
    assert card.options({"text": "yes"}) == {"text": "yes"}


def test_settings_of_a_model_reach_its_family_only_where_the_card_gives_them(tmp_path):
    text = "title: M\nfamily: f\nweights: {path: w}\ngeneration: {max_new_tokens: 8}\nprompt: 'Q: {question}'\n"
    assert parse_card(text, tmp_path / "m.yaml", ModelCard).options() == {
        "weights": str(tmp_path / "w"),
        "generation": {"max_new_tokens": 8},
        "prompt": "Q: {question}",
    }


@pytest.mark.parametrize("weights", ["{}", "{path: a, hub: b/c, revision: d}", "{hub: b/c}"])
def test_weights_lie_in_one_place_and_a_hub_id_has_its_revision(weights):
    with pytest.raises(ContentError, match=r"m.yaml:3: `weights`: expected"):
        parse_card(f"title: M\nfamily: f\nweights: {weights}\n", Path("m.yaml"), ModelCard)


def test_a_board_needs_a_column():
    with pytest.raises(ContentError, match=r"b.yaml:2: `columns`"):
        parse_card("title: B\ncolumns: []\n", Path("b.yaml"), BoardCard)
    assert parse_card("title: B\ncolumns: [{task: a.b, value: accuracy}]\n", Path("b.yaml"), BoardCard).columns[0].task == ("a.b",)


def test_a_generation_setting_on_the_command_line_leaves_the_others_of_the_card() -> None:
    card = ModelCard(name="m", title="m", family="openai", generation={"temperature": 0.7, "max_tokens": 50})

    assert card.options({"generation": {"temperature": 0}})["generation"] == {"temperature": 0, "max_tokens": 50}
