"""Which file is read as what, which files of a folder are images, and that no file whatever breaks the reader."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813 - everybody's name for it
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from real_dicom import LYMPH_NODE, real_dicom
from synthetic_dicom import ramp, region, write

from USHarmonizationLib.errors import InputError, UsageError
from USHarmonizationLib.files import find_images, read_image, write_image
from USHarmonizationLib.image import UltrasoundImage

GREY = ramp(20, 30)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("missing.png", None, "no such file"),
        ("empty.dcm", b"", "is empty"),
        ("text.dcm", b"this is a text, not an image\n" * 30, "is not a DICOM file"),
        ("text.txt", b"this is a text", "is of unknown format '.txt'; read are DICOM and files ending in .dcm, "),
        ("noise.dcm", bytes(np.random.default_rng(0).integers(0, 256, 5000, dtype=np.uint8)), "DICOM"),
        ("zeros.dcm", bytes(5000), "DICOM"),
        ("noise.nrrd", bytes(np.random.default_rng(0).integers(0, 256, 5000, dtype=np.uint8)), "cannot be read"),
        ("noise.nii.gz", bytes(np.random.default_rng(0).integers(0, 256, 5000, dtype=np.uint8)), "cannot be read"),
        ("noise.mha", bytes(np.random.default_rng(0).integers(0, 256, 5000, dtype=np.uint8)), "cannot be read"),
    ],
)
def test_what_is_no_image_is_refused_with_one_line(
    tmp_path: Path, name: str, content: bytes | None, reason: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(InputError) as caught:
        read_image(path)

    assert str(caught.value).startswith(f"{path}: ")
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder"):
        read_image(tmp_path)


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="everything may be read")
def test_file_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.dcm")
    path.chmod(0)

    with pytest.raises(InputError, match="Permission denied"):
        read_image(path)


def test_dicom_is_known_by_its_mark_whatever_its_name(tmp_path: Path) -> None:
    for name in ("IM0001", "1.2.840.113619.2.5", "a.png", "scan.US"):
        shutil.copy(write(tmp_path / "source.dcm"), tmp_path / name)
        image = read_image(tmp_path / name)
        write_image(image, tmp_path / "out" / name)

        assert np.array_equal(image.pixels[0], GREY)
        assert (tmp_path / "out" / name).read_bytes()[128:132] == b"DICM", "the format of the source, not of its name"


def test_path_may_be_text(tmp_path: Path) -> None:
    write_image(read_image(str(write(tmp_path / "a.dcm"))), str(tmp_path / "out.dcm"))

    assert (tmp_path / "out.dcm").exists()


def test_dicom_can_be_saved_as_picture_and_as_volume_with_spacing(tmp_path: Path) -> None:
    image = read_image(write(tmp_path / "a.dcm", SequenceOfUltrasoundRegions=[region()]))

    for name, spacing in (("a.png", None), ("a.nrrd", (0.1, 0.2)), ("a.tif", (0.1, 0.2)), ("a.nii", (0.1, 0.2))):
        write_image(image, tmp_path / name)
        back = read_image(tmp_path / name)
        assert np.array_equal(back.pixels, image.pixels)
        assert back.spacing_mm == (None if spacing is None else pytest.approx(spacing))


def test_unknown_format_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"unknown format '.bmp'; accepted: .dcm, "):
        write_image(UltrasoundImage(GREY[None], (0, 255)), tmp_path / "a.bmp")


@pytest.mark.parametrize("name", ["a.dcm", "a.png", "a.jpg", "a.tif", "a.nrrd", "a.mhd", "a.nii.gz"])
def test_nothing_is_left_and_the_old_file_stays_when_the_disk_is_full(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = read_image(write(tmp_path / "source.dcm"))
    out = tmp_path / "out"
    write_image(image, out / name)
    before = {one.name: one.read_bytes() for one in out.iterdir()}

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_image(image, out / name)

    after = {one.name: one.read_bytes() for one in out.iterdir()}
    assert after == before


def test_find_images(tmp_path: Path) -> None:
    write(tmp_path / "b.DCM")
    shutil.copy(tmp_path / "b.DCM", tmp_path / "IM0001")
    shutil.copy(tmp_path / "b.DCM", tmp_path / "DICOMDIR")
    (tmp_path / "deep" / "er").mkdir(parents=True)
    for name in ("deep/a.png", "deep/er/c.nii.gz", "deep/volume.mhd", "deep/volume.raw", "notes.txt", ".hidden.png"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "deep" / ".partial-9.png").write_bytes(b"x")
    (tmp_path / ".cache").mkdir()
    (tmp_path / ".cache" / "d.png").write_bytes(b"x")

    found = [path.relative_to(tmp_path).as_posix() for path in find_images(tmp_path)]

    (tmp_path / "deep" / ".partial-9.png").unlink()
    assert found == ["IM0001", "b.DCM", "deep/a.png", "deep/er/c.nii.gz", "deep/volume.mhd"]


def test_find_images_wants_a_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a folder"):
        find_images(tmp_path / "nowhere")


def test_nothing_heavy_is_imported_with_the_package() -> None:
    import subprocess

    code = "import USHarmonizationLib.files, sys; print({'pydicom', 'SimpleITK', 'PIL', 'tifffile'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=_environment())

    assert run.stdout.strip() == "set()"


def _environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """One small file of each kind."""
    folder = tmp_path_factory.mktemp("samples")
    grey, colour = Image.fromarray(GREY), Image.fromarray(np.stack([GREY] * 3, axis=-1))
    write(folder / "a.dcm", ramp(2, 20, 30), SequenceOfUltrasoundRegions=[region()])
    grey.save(folder / "a.png")
    colour.save(folder / "a.jpg")
    tifffile.imwrite(folder / "a.tif", np.stack([GREY, GREY]), photometric="minisblack", compression="zlib")
    grey.save(folder / "b.tif", compression="tiff_lzw")
    for name in ("a.nrrd", "a.mha", "a.nii", "a.nii.gz"):
        sitk.WriteImage(sitk.GetImageFromArray(np.stack([GREY, GREY])), str(folder / name), useCompression=True)
    real = [
        real_dicom(f"pydicom/{name}.dcm") for name in ("SC_rgb_small_odd_jpeg", "SC_rgb_rle", "JPEGLSNearLossless_08")
    ]
    return [*sorted(folder.iterdir()), *real]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_files_are_read_or_refused_but_never_break_anything(
    samples: list[Path], tmp_path: Path, data: st.DataObject
) -> None:
    sample = data.draw(st.sampled_from(samples))
    content = bytearray(sample.read_bytes())
    head = data.draw(st.sampled_from([200, 1000, len(content)]))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, min(head, len(content)) - 1))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        content = content[: data.draw(st.integers(1, len(content)))]
    path = tmp_path / ("damaged" + "".join(sample.suffixes))
    path.write_bytes(content)

    try:
        image = read_image(path)
    except InputError as error:
        line = str(error)
    else:
        line = ""
        write_image(image, tmp_path / "out" / path.name) if image.pixels.nbytes < 2**24 else None

    assert "\n" not in line


def test_large_cine_is_held_twice_at_most(tmp_path: Path) -> None:
    """Reading keeps the decoded frames and, for a moment, one more; not the file's content besides."""
    import tracemalloc

    path = write(tmp_path / "a.dcm", ramp(60, 400, 500))
    read_image(real_dicom(LYMPH_NODE))  # imports
    tracemalloc.start()
    image = read_image(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 1.2 * image.pixels.nbytes
