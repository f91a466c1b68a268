"""What decides how a text is cut decides the digest of a tokenizer."""

from __future__ import annotations

import pytest

from radbench.models import _encoders as encoders


@pytest.mark.parametrize("name", ["vocab.txt", "tokenizer.json", "tokenizer_config.json"])
def test_each_file_of_a_tokenizer_changes_its_digest(tmp_path, name):
    (tmp_path / "vocab.txt").write_text("a\n")
    before = encoders.tokenizer_digest(tmp_path)
    (tmp_path / name).write_text('{"do_lower_case": false}')
    changed = encoders.tokenizer_digest(tmp_path)
    (tmp_path / "README.md").write_text("words for people")

    assert before != changed == encoders.tokenizer_digest(tmp_path)
