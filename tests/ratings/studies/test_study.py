"""The frozen study: its hash, its key, its links, its folder."""

from __future__ import annotations

import json
import stat

import pytest
from rating_studies import made

from radbench.errors import ContentError
from radbench.ratings.studies.creating import lay_down, open_place
from radbench.ratings.studies.study import StudyFolder


def test_a_study_is_read_as_it_was_frozen(tmp_path):
    study, key = made()
    lay_down(StudyFolder(tmp_path / "s"), study, key)

    assert StudyFolder(tmp_path / "s").read() == study
    assert StudyFolder(tmp_path / "s" / "study.json").read_key(study) == key


def test_a_changed_study_is_refused_by_its_hash(laid):
    folder = laid().folder
    document = json.loads(folder.study.read_text())
    document["orders"]["r1"].reverse()
    folder.study.write_text(json.dumps(document))

    with pytest.raises(ContentError, match="was changed after it was frozen"):
        folder.read()


def test_a_key_of_another_study_is_refused(laid):
    one, other = laid(name="one"), laid(name="other")
    one.folder.key.write_bytes(other.folder.key.read_bytes())

    with pytest.raises(ContentError, match="not the key that the study was frozen with"):
        one.folder.read_key(one.study)


def test_what_is_frozen_is_not_written_over(laid, tmp_path):
    with pytest.raises(ContentError, match="not empty; a study is frozen once"):
        open_place(laid().folder.path)
    with pytest.raises(ContentError, match="frozen study"):
        laid(name="other").folder.write(*made())


def test_key_and_links_are_for_the_owner_alone(laid):
    folder = laid().folder

    for private in (folder.key, *folder.links.iterdir()):
        assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.links.stat().st_mode) == 0o700
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700


def test_links_differ_and_hold_256_bits(laid):
    opened = laid()
    secrets = opened.folder.read_links(opened.study)

    assert set(secrets) == {"r1", "r2"}
    assert len(set(secrets.values())) == 2
    assert all(len(secret) == 43 for secret in secrets.values())  # 32 bytes in base64 without padding


def test_a_missing_link_is_named(laid):
    opened = laid()
    (opened.folder.links / "r2").unlink()

    with pytest.raises(ContentError, match="r2: expected one line"):
        opened.folder.read_links(opened.study)


def test_a_study_of_a_newer_radbench_and_a_folder_without_one_are_refused(laid, tmp_path):
    folder = laid().folder
    document = json.loads(folder.study.read_text())
    folder.study.write_text(json.dumps({**document, "format": 2}))

    with pytest.raises(ContentError, match="newer radbench"):
        folder.read()
    with pytest.raises(ContentError, match=r"no study.json in .*: `radbench rate create` makes one"):
        StudyFolder(tmp_path / "nowhere").read()
