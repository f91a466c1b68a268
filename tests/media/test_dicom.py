"""DICOM files and series, written by pydicom from phantoms with known places and values."""

from __future__ import annotations

from math import cos, radians, sin
from pathlib import Path

import numpy as np
import pytest
from media_phantoms import AXIAL, CORONAL, SAGITTAL, header, told, write, write_axial, write_series
from pydicom.dataset import Dataset
from pydicom.uid import ImplicitVRLittleEndian, JPEGLSLossless

from radbench.errors import MediaError, MissingPackageError
from radbench.media import Image, Reader
from radbench.sample import Media


def load(root: Path, path: str, ndim: int = 2) -> Image:
    return Reader({"here": root}).load(Media(name="here", path=path, ndim=ndim))


def test_slope_and_intercept_give_hounsfield_units(tmp_path: Path) -> None:
    write(
        tmp_path / "a.dcm", np.array([[0, 1024], [2024, 24]], np.uint16), RescaleSlope=1, RescaleIntercept=-1024, BitsStored=12, HighBit=11
    )
    image = load(tmp_path, "a.dcm")
    assert image.array.tolist() == [[-1024, 0], [1000, -1000]]
    assert (image.unit, image.array.dtype, image.modality) == ("HU", np.int16, "CT")
    assert image.spacing_mm == (0.5, 0.25)


def test_a_slope_that_is_not_whole_gives_float32(tmp_path: Path) -> None:
    write(tmp_path / "a.dcm", np.array([[0, 3]], np.uint16), Modality="PT", RescaleSlope=0.5, RescaleIntercept=1)
    image = load(tmp_path, "a.dcm")
    assert image.array.tolist() == [[1.0, 2.5]]
    assert (image.unit, image.array.dtype) == ("raw", np.float32)


def test_an_intercept_that_leaves_16_bits_does_not_wrap_around(tmp_path: Path) -> None:
    write(tmp_path / "a.dcm", np.array([[-32768, 0]], np.int16), RescaleSlope=1, RescaleIntercept=-1024)
    assert load(tmp_path, "a.dcm").array.tolist() == [[-33792, -1024]]


def test_values_without_rescaling_stay_as_stored(tmp_path: Path) -> None:
    stored = np.array([[0, 65535]], np.uint16)
    write(tmp_path / "a.dcm", stored, Modality="CR")
    image = load(tmp_path, "a.dcm")
    assert np.array_equal(image.array, stored)
    assert (image.array.dtype, image.unit) == (np.uint16, "raw")


def test_monochrome1_is_turned_so_that_higher_is_brighter(tmp_path: Path) -> None:
    stored = np.array([[0, 100], [4000, 4095]], np.uint16)
    shared = {"Modality": "DX", "BitsStored": 12, "HighBit": 11, "WindowWidth": 1000}
    write(tmp_path / "one.dcm", stored, PhotometricInterpretation="MONOCHROME1", WindowCenter=3000, PixelPaddingValue=4095, **shared)
    write(tmp_path / "two.dcm", 4095 - stored, WindowCenter=4095 - 3000, PixelPaddingValue=0, **shared)
    one, two = load(tmp_path, "one.dcm"), load(tmp_path, "two.dcm")
    assert np.array_equal(one.array, two.array)
    assert (one.window, one.padding) == (two.window, two.padding) == ((1095.0, 1000.0), 0.0)
    assert any("MONOCHROME1" in note for note in one.notes)


def test_monochrome1_of_8_bits_stays_8_bits(tmp_path: Path) -> None:
    write(tmp_path / "a.dcm", np.array([[0, 55, 255]], np.uint8), Modality="CR", PhotometricInterpretation="MONOCHROME1")
    image = load(tmp_path, "a.dcm")
    assert (image.array.tolist(), image.array.dtype) == ([[255, 200, 0]], np.uint8)


def test_padding_is_rescaled_and_black_on_film(tmp_path: Path) -> None:
    write(tmp_path / "a.dcm", np.array([[-2000, 0, 1064, 2000]], np.int16), RescaleSlope=1, RescaleIntercept=-1024, PixelPaddingValue=-2000)
    reader, media = Reader({"here": tmp_path}), Media(name="here", path="a.dcm")
    assert reader.load(media).padding == -3024.0
    assert reader.film(media).tolist() == [[0, 0, 128, 255]]  # the window of CT: 40 HU is the middle


def test_padding_of_signed_values_written_as_unsigned_is_understood(tmp_path: Path) -> None:
    dataset = header(np.array([[-2000, 5]], np.int16), syntax=ImplicitVRLittleEndian, PixelPaddingValue=-2000)
    dataset.add_new("PixelPaddingValue", "US", 65536 - 2000)
    dataset.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    assert load(tmp_path, "a.dcm").padding == -2000.0


def test_the_first_of_several_windows_counts(tmp_path: Path) -> None:
    write(tmp_path / "a.dcm", np.zeros((2, 2), np.int16), WindowCenter=[40, -600], WindowWidth=[400, 1500])
    assert load(tmp_path, "a.dcm").window == (40.0, 400.0)


def test_colour_is_uint8_rgb(tmp_path: Path) -> None:
    stored = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    write(tmp_path / "a.dcm", stored, Modality="US", SamplesPerPixel=3, PhotometricInterpretation="RGB", PlanarConfiguration=0)
    image = load(tmp_path, "a.dcm")
    assert image.unit == "rgb"
    assert np.array_equal(image.array, stored)


def test_spacing_at_the_detector_and_missing_spacing_are_noted(tmp_path: Path) -> None:
    write(tmp_path / "a.dcm", np.zeros((2, 2), np.uint16), Modality="DX", PixelSpacing=None, ImagerPixelSpacing=[0.1, 0.2])
    write(tmp_path / "b.dcm", np.zeros((2, 2), np.uint16), Modality="DX", PixelSpacing=None)
    assert load(tmp_path, "a.dcm").spacing_mm == (0.1, 0.2)
    assert load(tmp_path, "a.dcm").notes == ("spacing is that at the detector, before magnification",)
    assert load(tmp_path, "b.dcm").spacing_mm is None
    assert load(tmp_path, "b.dcm").notes == ("spacing unknown",)


def test_a_file_without_suffix_is_known_by_its_mark(tmp_path: Path) -> None:
    write(tmp_path / "IM0001", told()[0])
    assert np.array_equal(load(tmp_path, "IM0001").array, told()[0])


def test_a_bare_data_set_without_mark_is_read_where_the_suffix_says_dicom(tmp_path: Path) -> None:
    dataset = header(told()[0])
    bare = Dataset(dataset)
    bare.save_as(tmp_path / "a.dcm", implicit_vr=True, little_endian=True)
    assert np.array_equal(load(tmp_path, "a.dcm").array, told()[0])


def test_a_series_is_sorted_by_position_whatever_names_and_numbers_say(tmp_path: Path) -> None:
    write_axial(tmp_path / "ct", told())
    image = load(tmp_path, "ct", ndim=3)
    assert np.array_equal(image.array, told())
    assert (image.spacing_mm, image.notes) == ((2.0, 0.5, 0.25), ())


@pytest.mark.parametrize("is_reversed", [False, True])
def test_sagittal_and_coronal_series_are_turned_to_the_same_axes(tmp_path: Path, is_reversed: bool) -> None:
    volume = told()
    step = -1 if is_reversed else 1
    sagittal = [volume[::-1, :, x] for x in range(3)][::step]
    write_series(tmp_path / "sag", sagittal, [(3.0 * x, 0, 0) for x in range(3)][::step], SAGITTAL)
    coronal = [volume[::-1, y, :] for y in range(4)][::step]
    write_series(tmp_path / "cor", coronal, [(0, 4.0 * y, 0) for y in range(4)][::step], CORONAL)
    sag, cor = load(tmp_path, "sag", ndim=3), load(tmp_path, "cor", ndim=3)
    assert np.array_equal(sag.array, volume)
    assert np.array_equal(cor.array, volume)
    assert sag.spacing_mm == (0.5, 0.25, 3.0)
    assert cor.spacing_mm == (0.5, 4.0, 0.25)
    assert "stored as xzy" in sag.notes[0]
    assert "stored as yzx" in cor.notes[0]


def test_uneven_gaps_and_missing_slices_are_reported(tmp_path: Path) -> None:
    write_axial(tmp_path / "ct", told(), heights=[0.0, 2.0, 4.0, 6.5, 12.5])
    image = load(tmp_path, "ct", ndim=3)
    assert image.spacing_mm is not None
    assert image.spacing_mm[0] == 2.25
    assert image.notes == (
        "uneven gaps between slices: 2.00 to 6.00 mm, median 2.25",
        "slices may be missing: 1 of 4 gaps are more than 1.5 times the median",
    )


def test_gantry_tilt_is_reported_and_gaps_are_measured_along_the_normal(tmp_path: Path) -> None:
    tilt = radians(20)
    orientation = (1, 0, 0, 0, cos(tilt), sin(tilt))
    write_series(tmp_path / "ct", list(told()), [(0, 0, 5.0 * z) for z in range(5)], orientation)
    image = load(tmp_path, "ct", ndim=3)
    assert image.spacing_mm is not None
    assert image.spacing_mm[0] == pytest.approx(5 * cos(tilt), abs=1e-6)
    assert any("gantry tilt 20.0 degrees" in note for note in image.notes)
    assert np.array_equal(image.array, told())


def test_a_series_of_oblique_slices_without_shear_has_no_tilt(tmp_path: Path) -> None:
    tilt = radians(20)
    normal = (0, -sin(tilt), cos(tilt))
    places = [tuple(4.0 * z * n for n in normal) for z in range(5)]
    write_series(tmp_path / "mr", list(told()), places, (1, 0, 0, 0, cos(tilt), sin(tilt)), Modality="MR")
    assert load(tmp_path, "mr", ndim=3).notes == ("oblique: axes up to 20.0 degrees off those of the patient",)


def test_without_positions_the_instance_number_sorts_and_orientation_is_unknown(tmp_path: Path) -> None:
    for z, plane in enumerate(told()):
        write(tmp_path / "ct" / f"{9 - z}.dcm", plane, InstanceNumber=z + 1)
    image = load(tmp_path, "ct", ndim=3)
    assert np.array_equal(image.array, told())
    assert image.spacing_mm is None
    assert any("orientation unknown" in note for note in image.notes)


def test_a_folder_of_several_series_is_refused_with_their_counts(tmp_path: Path) -> None:
    write_axial(tmp_path / "ct", told())
    write(tmp_path / "ct" / "x.dcm", told()[0], SeriesInstanceUID="1.2.4")
    with pytest.raises(MediaError, match=r"here/ct.*2 series.*1\.2\.3 \(5\), 1\.2\.4 \(1\)"):
        load(tmp_path, "ct", ndim=3)


@pytest.mark.parametrize(
    ("tags", "cause"),
    [
        ({"ImagePositionPatient": [-10, -20, 2.0], "ImageOrientationPatient": list(AXIAL)}, "1 of 6 slices lie where another one lies"),
        ({"ImagePositionPatient": [-10, -20, 99], "ImageOrientationPatient": list(SAGITTAL)}, "slices have another orientation"),
        ({"ImagePositionPatient": [-10, -20, 99], "ImageOrientationPatient": list(AXIAL), "NumberOfFrames": 2}, "`x.dcm` has 2 frames"),
    ],
)
def test_a_slice_that_does_not_belong_is_refused(tmp_path: Path, tags: dict[str, object], cause: str) -> None:
    write_axial(tmp_path / "ct", told())
    write(tmp_path / "ct" / "x.dcm", told()[0], **tags)
    with pytest.raises(MediaError, match=cause):
        load(tmp_path, "ct", ndim=3)


def test_slices_of_another_shape_are_refused(tmp_path: Path) -> None:
    write_axial(tmp_path / "ct", told())
    write(tmp_path / "ct" / "x.dcm", np.zeros((9, 9), np.int16))
    with pytest.raises(MediaError, match="several shapes"):
        load(tmp_path, "ct", ndim=3)


def test_what_is_no_slice_is_passed_over_and_noted(tmp_path: Path) -> None:
    write_axial(tmp_path / "ct", told())
    (tmp_path / "ct" / "notes.txt").write_text("nothing")
    (tmp_path / "ct" / ".hidden").write_text("nothing")
    report = header(told()[0])
    del report.Rows
    report.save_as(tmp_path / "ct" / "report.dcm", enforce_file_format=True)
    image = load(tmp_path, "ct", ndim=3)
    assert np.array_equal(image.array, told())
    assert image.notes == ("1 DICOM files without an image are passed over", "1 files are no DICOM and passed over")


def test_a_damaged_slice_fails_the_series_by_its_name(tmp_path: Path) -> None:
    write_axial(tmp_path / "ct", told())
    whole = (tmp_path / "ct" / "002.dcm").read_bytes()
    (tmp_path / "ct" / "002.dcm").write_bytes(whole[:-10])
    with pytest.raises(MediaError, match=r"here/ct.*`002.dcm`: cut off"):
        load(tmp_path, "ct", ndim=3)


def test_slices_that_need_wider_values_than_the_first_widen_the_volume(tmp_path: Path) -> None:
    volume = told().astype(np.uint16)
    volume[4, 0, 0] = 60000
    write_axial(tmp_path / "ct", volume, RescaleSlope=1, RescaleIntercept=-1000)
    image = load(tmp_path, "ct", ndim=3)
    assert np.array_equal(image.array, volume.astype(np.int32) - 1000)


def test_a_multi_frame_file_is_ordered_and_scaled_by_its_functional_groups(tmp_path: Path) -> None:
    volume, order = told(), [3, 0, 4, 1, 2]
    dataset = header(volume[order], PixelSpacing=None)
    shared, frames = Dataset(), []
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = [Dataset()], [Dataset()]
    shared.PixelMeasuresSequence[0].PixelSpacing = [0.5, 0.25]
    shared.PlaneOrientationSequence[0].ImageOrientationPatient = list(AXIAL)
    for z in order:
        frame = Dataset()
        frame.PlanePositionSequence, frame.PixelValueTransformationSequence = [Dataset()], [Dataset()]
        frame.PlanePositionSequence[0].ImagePositionPatient = [0, 0, 2.5 * z]
        frame.PixelValueTransformationSequence[0].RescaleSlope = z + 1
        frame.PixelValueTransformationSequence[0].RescaleIntercept = -10
        frames.append(frame)
    dataset.SharedFunctionalGroupsSequence, dataset.PerFrameFunctionalGroupsSequence = [shared], frames
    dataset.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    image = load(tmp_path, "a.dcm", ndim=3)
    assert np.array_equal(image.array, volume * np.arange(1, 6)[:, None, None] - 10.0)
    assert (image.spacing_mm, image.unit) == ((2.5, 0.5, 0.25), "HU")


def test_frames_without_places_keep_their_order(tmp_path: Path) -> None:
    write(tmp_path / "a.dcm", told(), Modality="US")
    image = load(tmp_path, "a.dcm", ndim=3)
    assert np.array_equal(image.array, told())
    assert image.spacing_mm is None
    assert any("orientation unknown" in note for note in image.notes)


def test_a_compression_without_decoder_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pydicom.pixels.decoders import JPEGLSLosslessDecoder

    monkeypatch.setattr(JPEGLSLosslessDecoder, "_available", {})
    dataset = header(told()[0])
    dataset.file_meta.TransferSyntaxUID = JPEGLSLossless
    dataset["PixelData"].is_undefined_length = True
    from pydicom.encaps import encapsulate

    dataset.PixelData = encapsulate([b"\0\1"])
    dataset["PixelData"].VR = "OB"
    dataset.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    with pytest.raises(MissingPackageError, match=r"radbench\[dicom\]"):
        load(tmp_path, "a.dcm")


def test_a_huge_image_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    write(tmp_path / "a.dcm", told()[0], Rows=65535, Columns=65535)
    with pytest.raises(MediaError, match="the limit is 4 GiB"):
        load(tmp_path, "a.dcm")


def test_messages_quote_nothing_of_the_header(tmp_path: Path) -> None:
    dataset = header(told()[0], PatientName="SECRET^NAME")
    dataset.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    data = (tmp_path / "a.dcm").read_bytes().replace(b"DS\x08\x000.5\\0.25", b"DS\x08\x00SECRET\\1")
    assert data.count(b"SECRET") == 2
    (tmp_path / "a.dcm").write_bytes(data)
    with pytest.raises(MediaError) as raised:
        load(tmp_path, "a.dcm")
    assert "PixelSpacing" in str(raised.value)
    assert "SECRET" not in str(raised.value)


def test_pydicom_neither_warns_nor_logs(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    dataset = header(told()[0])
    dataset.PixelData *= 5
    dataset.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    assert load(tmp_path, "a.dcm").array.shape == (4, 3)
    assert caplog.records == []
