"""Real DICOM files that the pydicom wheel brings along for its own tests, asked for their modality.

    pydicom/data/test_files/CT_small.dcm, MR_small.dcm, examples_palette.dcm ...      (MIT licence, nothing is downloaded)

The label is the Modality of the header. Taken are pictures of a patient of at least 60 pixels a side that pydicom, NumPy
and Pillow decode: CT, MR, ultrasound (grey, colour, palette) and a nuclear-medicine scan, plain and in JPEG 2000. Left out
are secondary captures, dose grids, files that exist to fail, and the copies of MR_small.dcm in other transfer syntaxes,
which hold the same pixels. No chest film is among them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar, Final

from radbench.errors import ContentError, MissingDataError
from radbench.sample import Choice, Media, Sample
from radbench.terms import Access

# No patient is in both splits; of nuclear medicine there is one file only, so that nothing can be learned about it.
_FILES: Final = {
    "train": ("693_J2KI.dcm", "examples_overlay.dcm", "examples_palette.dcm"),
    "test": (
        "CT_small.dcm",
        "ExplVR_BigEnd.dcm",
        "J2K_pixelrep_mismatch.dcm",
        "JPEG2000.dcm",
        "MR_small.dcm",
        "examples_jpeg2k.dcm",
        "examples_rgb_color.dcm",
    ),
}
_SPOKEN: Final = {"CR": "X-ray", "CT": "CT", "MR": "MRI", "US": "ultrasound", "NM": "nuclear medicine"}


class PydicomFiles:
    """The splits `train` and `test`; the cluster is the patient of the header, where it names one.

    Raises:
        MissingDataError: pydicom is installed without its test files.
        ContentError: another split was asked for.
    """

    name: ClassVar[str] = "pydicom-files"
    access: Access = "open"

    def __init__(self, *, split: str, root: Path | None = None) -> None:
        if split not in _FILES:
            raise ContentError(f"pydicom-files: no split `{split}`; it has {' and '.join(_FILES)}")
        folder = root or _installed()
        self._expected = _FILES[split]
        self._files = [name for name in self._expected if (folder / name).is_file()]
        if not self._files:
            raise MissingDataError(
                f"pydicom-files: none of {', '.join(self._expected)} in `{folder}`; the wheels of pydicom 3 on PyPI hold them"
            )
        self.roots: Mapping[str, Path] = {self.name: folder}
        self._headers = [_header(folder / name) for name in self._files]

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, index: int) -> Sample:
        file, (modality, patient) = self._files[index], self._headers[index]
        return Sample(
            id=file,
            media=(Media(name=self.name, path=file),),
            options=tuple(_SPOKEN.values()),
            references=(Choice(_SPOKEN[modality]),),
            cluster=patient,
            subgroups={"modality": modality},
        )

    def check(self) -> Sequence[str]:
        """Files that this version of pydicom does not bring along, one sentence each."""
        folder = self.roots[self.name]
        return [f"file `{name}` is not in {folder}" for name in self._expected if name not in self._files]


def _installed() -> Path:
    spec = find_spec("pydicom")
    places = spec.submodule_search_locations if spec else None
    return Path(next(iter(places or ["pydicom"])), "data", "test_files")


def _header(path: Path) -> tuple[str, str]:
    from pydicom import dcmread

    header = dcmread(path, stop_before_pixels=True, specific_tags=["Modality", "PatientID"])
    return str(header.Modality), str(header.get("PatientID") or "")
