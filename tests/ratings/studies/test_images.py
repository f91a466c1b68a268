"""Images as PNG: slices, windows, and nothing outside the study's folder."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image as Pillow

from radbench.errors import MediaError
from radbench.ratings.studies.images import Images, View
from radbench.ratings.studies.study import MEDIA
from radbench.sample import Media


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Pillow.open(BytesIO(png)))


@pytest.fixture
def images(tmp_path) -> Images:
    np.save(tmp_path / "ct.npy", np.stack([np.full((4, 5), value, np.int16) for value in (-1000, 0, 40, 1000)]))
    Pillow.fromarray(np.full((4, 5), 100, np.uint8)).save(tmp_path / "film.png")
    return Images(tmp_path)


CT = Media(name=MEDIA, path="ct.npy", ndim=3, modality="CT")
FILM = Media(name=MEDIA, path="film.png")


def test_a_viewer_is_told_slices_and_window(images):
    assert images.view(CT) == View(4, -160.0, 240.0)  # soft tissue, 40 +- 200 HU
    assert images.view(FILM) == View(1, 0.0, 255.0)


def test_a_slice_is_drawn_under_the_usual_window(images):
    assert [int(pixels(images.png(CT, at))[0, 0]) for at in range(4)] == [0, 102, 128, 255]  # (0 + 160) / 400 * 255; the middle is grey
    assert pixels(images.png(CT)).shape == (4, 5)


def test_a_slice_beyond_the_last_is_the_last(images):
    assert images.png(CT, 99) == images.png(CT, 3)


def test_another_window_is_drawn_when_asked_for(images):
    assert int(pixels(images.png(CT, 2, 40, 1000))[0, 0]) == 0
    assert int(pixels(images.png(FILM, None, 0, 100))[0, 0]) == 255
    assert images.png(CT, 2, 100, 40) == images.png(CT, 2)  # no window at all


def test_a_missing_file_is_an_error_of_that_image(images):
    with pytest.raises(MediaError):
        images.view(Media(name=MEDIA, path="nowhere.png"))


def test_nothing_outside_the_folder_is_read(images, tmp_path):
    with pytest.raises(MediaError, match="no relative path"):
        images.png(Media(name=MEDIA, path="../key.json"))


def test_a_volume_of_thick_slices_is_shown_across_them(tmp_path):
    nibabel = pytest.importorskip("nibabel")
    values = np.zeros((6, 8, 10), np.int16)  # x, y, z
    values[2] = 500
    nibabel.save(nibabel.Nifti1Image(values, np.diag([5.0, 1.0, 1.0, 1.0])), tmp_path / "sagittal.nii.gz")
    images = Images(tmp_path)
    media = Media(name=MEDIA, path="sagittal.nii.gz", ndim=3, modality="MR")

    assert images.view(media).n_slices == 6
    shown = [pixels(images.png(media, at)) for at in range(6)]
    assert [image.shape for image in shown] == [(10, 8)] * 6
    assert sum(bool(image.any()) for image in shown) == 1
