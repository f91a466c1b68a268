"""Paths, digests, and what a Media adds to its file."""

from __future__ import annotations

import io
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from media_phantoms import told, write_axial
from PIL import Image

from radbench.errors import MediaError, MissingDataError, UnknownNameError
from radbench.media import Reader
from radbench.sample import Media


def test_a_path_lies_below_the_folder_of_its_data_set(tmp_path: Path) -> None:
    reader = Reader({"here": tmp_path})
    assert reader.path(Media(name="here", path="a/b.png")) == tmp_path / "a" / "b.png"
    assert reader.path(Media(name="here", path="a/b.nii.gz#3")) == tmp_path / "a" / "b.nii.gz"
    assert reader.path(Media(name="here", path="a#3.png")) == tmp_path / "a#3.png"


@pytest.mark.parametrize("path", ["../a.png", "a/../../b.png", "/etc/hostname", "a\\..\\b.png", "a\0.png"])
def test_a_path_out_of_the_folder_is_refused(tmp_path: Path, path: str) -> None:
    media = Media(name="here", path=path)
    for act in (Reader({"here": tmp_path}).path, Reader({"here": tmp_path}).load, Reader({"here": tmp_path}).identify):
        with pytest.raises(MediaError, match="no relative path"):
            act(media)


def test_an_unknown_folder_says_how_to_name_it() -> None:
    with pytest.raises(MissingDataError, match="--data-dir mimic=PATH"):
        Reader({}).load(Media(name="mimic", path="a.png"))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    media = Media(name="here", path="a.png")
    for act in (Reader({"here": tmp_path}).load, Reader({"here": tmp_path}).identify):
        with pytest.raises(MediaError, match=r"here/a\.png`: No such file"):
            act(media)


def test_a_file_is_identified_by_its_bytes_whatever_the_edits(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"some bytes")
    known = Reader({"here": tmp_path}).identify(Media(name="here", path="a.png", edits=("blank",)))
    assert (known.size, known.digest) == (10, sha256(b"some bytes").hexdigest())
    in_memory = Reader({}).identify(Media(name="here", path="b.png", data=b"some bytes"))
    assert (in_memory.size, in_memory.digest) == (known.size, known.digest)


def test_a_changed_file_gets_a_new_digest(tmp_path: Path) -> None:
    reader, media = Reader({"here": tmp_path}), Media(name="here", path="a.png")
    (tmp_path / "a.png").write_bytes(b"some bytes")
    first = reader.identify(media)
    (tmp_path / "a.png").write_bytes(b"other bytes")
    assert reader.identify(media).digest == sha256(b"other bytes").hexdigest() != first.digest


def test_a_series_is_identified_by_the_contents_of_its_files_in_order_of_names(tmp_path: Path) -> None:
    for folder, names in (("one", ("1.dcm", "2.dcm")), ("two", ("a.dcm", "b.dcm"))):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / names[1]).write_bytes(b"second")
        (tmp_path / folder / names[0]).write_bytes(b"first")
        (tmp_path / folder / ".DS_Store").write_bytes(folder.encode())
    reader = Reader({"here": tmp_path})
    one, two = (reader.identify(Media(name="here", path=path, ndim=3)) for path in ("one", "two"))
    parts = "".join(sha256(part).hexdigest() for part in (b"first", b"second"))
    assert (one.size, one.digest) == (11, sha256(parts.encode()).hexdigest())
    assert two.digest == one.digest


def test_a_single_image_as_volume_and_a_volume_of_one_slice_as_image(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", told()[0])
    np.save(tmp_path / "b.npy", told()[:1])
    reader = Reader({"here": tmp_path})
    assert reader.load(Media(name="here", path="a.npy", ndim=3)).array.shape == (1, 4, 3)
    assert reader.load(Media(name="here", path="b.npy", ndim=2)).array.shape == (4, 3)


def test_edits_are_applied_in_order_and_an_unknown_one_is_named(tmp_path: Path) -> None:
    write_axial(tmp_path / "ct", told())
    reader = Reader({"here": tmp_path})
    blank = reader.load(Media(name="here", path="ct", ndim=3, edits=("noise:1", "blank")))
    assert len(np.unique(blank.array)) == 1
    with pytest.raises(UnknownNameError, match="no edit of images `blurr`"):
        reader.load(Media(name="here", path="ct", ndim=3, edits=("blurr:3",)))


def test_importing_the_room_imports_no_decoder() -> None:
    code = "import sys, radbench.media; sys.exit(', '.join({'PIL', 'pydicom', 'nibabel'} & set(sys.modules)) or None)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_notes_are_counted_by_file_however_often_it_is_loaded(tmp_path: Path) -> None:
    for name in ("a.npy", "b.npy"):
        np.save(tmp_path / name, np.zeros((2, 3, 4, 5, 2), np.uint8))
    Image.new("L", (4, 4)).save(tmp_path / "film.png")
    reader = Reader({"here": tmp_path})
    for path in ("a.npy", "b.npy", "a.npy", "film.png"):
        reader.load(Media(name="here", path=path, ndim=2 if path == "film.png" else 3))

    assert reader.notes["the first of 2 images"] == 2
    assert max(reader.notes.values()) == 2


def test_of_very_many_notes_the_rarest_are_counted_together() -> None:
    reader = Reader({})
    for n in range(2, 62):
        file = io.BytesIO()
        np.save(file, np.zeros((n, 3, 2, 2, 2), np.uint8))
        reader.load(Media(name="made", path=f"{n}.npy", data=file.getvalue(), ndim=3))

    assert len(reader.notes) == 51
    assert reader.notes["axes and spacing are not stated by the file: (z, y, x) is assumed"] == 60
    assert sum(count for note, count in reader.notes.items() if "the first of" in note or note == "other notes") == 60
