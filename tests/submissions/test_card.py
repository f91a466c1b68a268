"""The card of a submission, as strangers write it."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from radbench.errors import ContentError
from radbench.submissions.card import MOST_BYTES, Submission, read_submission

STATED = {
    "title": "Reporter 7B",
    "maker": "Example Lab",
    "contact": "reports@example.org",
    "open": True,
    "trained_on": {"mimic-cxr": ["train"], "vqarad": []},
    "prompts": "The task's own prompt, no examples.",
    "data_use": "The test set was used for nothing but the predictions sent in.",
}


def written(folder: Path, text: str, name: str = "reporter-7b.yaml") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_a_card_becomes_that_of_a_model_that_replays_without_its_contact(tmp_path):
    card = read_submission(written(tmp_path, yaml.safe_dump(STATED))).model_card(tmp_path / "p.jsonl")

    assert (card.name, card.family, card.arguments) == ("reporter-7b", "replay", {"file": str(tmp_path / "p.jsonl")})
    assert card.about.trained_on == {"mimic-cxr": ("train",), "vqarad": ()}
    assert card.about.notes[0] == "maker: Example Lab"
    assert "reports@example.org" not in card.model_dump_json()


@pytest.mark.parametrize("key", STATED)
def test_what_is_not_stated_is_named(tmp_path, key):
    path = written(tmp_path, yaml.safe_dump({name: value for name, value in STATED.items() if name != key}))

    with pytest.raises(ContentError, match=f"key `{key}` is missing"):
        read_submission(path)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("titel: x", r"yaml:1: key `titel` is unknown; did you mean `title`\?"),
        ("open: perhaps", "yaml:1: `open`: "),
        ("name: other", "yaml:1: key `name` is unknown"),
        ("predictions: ../../private/references.jsonl", "yaml:1: key `predictions` is unknown"),
        ("contact: a", r"key `contact` stands twice"),
        ('summary: "a\\e[2Jb"', "yaml:1: `summary`: expected text without control characters"),
        ("summary: [a", "yaml:"),
        ("trained_on: {mimic-cxr: {train: true}}", "key `trained_on` stands twice"),
    ],
)
def test_a_slip_is_told_with_its_line(tmp_path, line, said):
    path = written(tmp_path, f"{line}\n{yaml.safe_dump({k: v for k, v in STATED.items() if not line.startswith('open') or k != 'open'})}")

    with pytest.raises(ContentError, match=said):
        read_submission(path)


@pytest.mark.parametrize("text", ["", "- a\n", "just words\n", "3\n"])
def test_what_is_no_mapping_is_refused(tmp_path, text):
    with pytest.raises(ContentError, match="expected a mapping"):
        read_submission(written(tmp_path, text))


def test_aliases_that_grow_without_bound_are_refused_at_once(tmp_path):
    levels = [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 30)]

    with pytest.raises(ContentError, match="yaml:2: a card of a submission holds no aliases"):
        read_submission(written(tmp_path, "\n".join(["a0: &a0 [x]", *levels])))


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_deep_nesting_is_refused(tmp_path, opening):
    with pytest.raises(ContentError):
        read_submission(written(tmp_path, f"title: x\nsummary: {opening * 9000}"))


def test_a_large_file_is_no_card(tmp_path):
    with pytest.raises(ContentError, match="is it the card"):
        read_submission(written(tmp_path, "#" * (MOST_BYTES + 1)))


@pytest.mark.parametrize("name", ["..yaml", ".yaml", "a b.yaml", "ü.yaml", "-x.yaml", "a\n.yaml", f"{'x' * 65}.yaml"])
def test_a_name_that_is_none_for_a_folder_is_refused(tmp_path, name):
    with pytest.raises(ContentError, match="its name names the model"):
        read_submission(written(tmp_path, yaml.safe_dump(STATED), name))


def test_a_link_to_another_file_is_refused(tmp_path):
    (tmp_path / "card.yaml").symlink_to(written(tmp_path, yaml.safe_dump(STATED), "real.yaml"))

    with pytest.raises(ContentError, match="is no plain file"):
        read_submission(tmp_path / "card.yaml")


def test_what_is_no_utf_8_is_refused(tmp_path):
    (tmp_path / "card.yaml").write_bytes("title: Größe".encode("latin-1"))

    with pytest.raises(ContentError, match="save it as UTF-8"):
        read_submission(tmp_path / "card.yaml")


@given(st.one_of(st.text(max_size=200), st.text(alphabet="{}[]:,-*&!|>\"' \nabtitle", max_size=200)))
def test_any_text_is_a_card_or_refused(text):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "card.yaml"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            found = read_submission(path)
        except ContentError:
            return
    assert isinstance(found, Submission)


@given(st.sampled_from(sorted(STATED)), st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=4))
def test_any_value_is_taken_or_refused(key, value):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "card.yaml"
        path.write_text(yaml.safe_dump({**STATED, key: value}), "utf-8")
        try:
            found = read_submission(path)
        except ContentError:
            return
    assert all(line.isprintable() for line in (found.title, found.maker, found.contact, found.prompts, found.data_use))
