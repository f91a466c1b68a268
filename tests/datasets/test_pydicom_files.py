"""The DICOM files inside the installed pydicom wheel."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from radbench.datasets.pydicom_files import PydicomFiles
from radbench.errors import ContentError, MissingDataError


def test_labels_come_from_the_headers() -> None:
    found = {}
    for split in ("train", "test"):
        data = PydicomFiles(split=split)
        samples = found[split] = [data[i] for i in range(len(data))]
        assert {s.references[0].label for s in samples} <= set(samples[0].options)
        assert data.check() == []

    assert Counter(s.subgroups["modality"] for s in found["train"]) == {"CT": 1, "MR": 1, "US": 1}
    assert Counter(s.subgroups["modality"] for s in found["test"]) == {"CT": 2, "MR": 1, "US": 3, "NM": 1}


def test_no_patient_is_in_both_splits() -> None:
    train, test = (PydicomFiles(split=split) for split in ("train", "test"))

    assert not {train[i].cluster for i in range(len(train))} & {test[i].cluster for i in range(len(test))} - {""}


def test_two_pictures_of_one_patient_are_one_cluster() -> None:
    data = PydicomFiles(split="test")
    clusters = {s.id: s.cluster for s in (data[i] for i in range(len(data)))}
    assert clusters["examples_jpeg2k.dcm"] == clusters["examples_rgb_color.dcm"] != ""
    assert clusters["ExplVR_BigEnd.dcm"] == ""


def test_a_version_without_the_files_is_told(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="CT_small"):
        PydicomFiles(split="test", root=tmp_path)
    with pytest.raises(ContentError, match="no split `dev`"):
        PydicomFiles(split="dev")


def test_files_that_a_version_left_out_are_listed(tmp_path: Path) -> None:
    source = PydicomFiles(split="test").roots["pydicom-files"] / "CT_small.dcm"
    (tmp_path / "CT_small.dcm").write_bytes(source.read_bytes())
    data = PydicomFiles(split="test", root=tmp_path)
    assert len(data) == 1
    assert len(data.check()) == 6
