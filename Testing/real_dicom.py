"""Where the real DICOM files lie that come with PyPI packages (pydicom, pydicom-data, deid-data).

A test names a file as ``package/file``, e.g. ``real_dicom("pydicom-data/US1_UNCR.dcm")``; where the package is not
installed the test is skipped and says so. ``real_dicom_names()`` lists all there are here, for tests of every file.
"""

from __future__ import annotations

import atexit
import importlib.util
import shutil
import tempfile
import zipfile
from functools import cache
from pathlib import Path

import pytest

# Package on PyPI: its import name, and the folder of its files.
PACKAGES = {
    "pydicom": ("pydicom", "data"),
    "pydicom-data": ("data_store", "data"),
    "deid-data": ("deid_data", "data"),
}

# A GE LOGIQ 700 lymph node, uncompressed RGB, 480 x 640, without regions.
LYMPH_NODE = "pydicom-data/US1_UNCR.dcm"
# Philips EPIQ 5G, MONOCHROME2, one B-mode region: a single frame, and a cine of 27 frames.
GREY_IMAGE = "deid-data/GREYSCALE_IMAGE.dcm"
GREY_CINE = "deid-data/GREYSCALE_CINE.dcm"


def real_dicom(name: str) -> Path:
    """Path of one real file, ``package/file``; unpacked to a temporary folder where the package holds a zip of it."""
    package, _, file = name.partition("/")
    found = _files(package).get(file)
    if found is None:
        pytest.skip(f"needs {file} of the PyPI package {package}: pip install {package}")
    return _unpacked(found) if found.suffix == ".zip" else found


def real_dicom_names() -> list[str]:
    """Names of all files ending in .dcm of the packages that are installed here, sorted."""
    return sorted(f"{package}/{file}" for package in PACKAGES for file in _files(package))


@cache
def _files(package: str) -> dict[str, Path]:
    module, folder = PACKAGES[package]
    specification = importlib.util.find_spec(module)
    if specification is None or not specification.submodule_search_locations:
        return {}
    root = Path(specification.submodule_search_locations[0]) / folder
    plain = {path.name: path for path in root.rglob("*.dcm")}
    packed = {f"{path.stem}.dcm": path for path in root.rglob("*.zip") if path.stem.endswith("_CINE")}
    return plain | packed


@cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="real-dicom-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def _unpacked(archive: Path) -> Path:
    with zipfile.ZipFile(archive) as packed:
        member = next(name for name in packed.namelist() if Path(name).name == f"{archive.stem}.dcm")
        target = _folder() / f"{archive.stem}.dcm"
        target.write_bytes(packed.read(member))
    return target
