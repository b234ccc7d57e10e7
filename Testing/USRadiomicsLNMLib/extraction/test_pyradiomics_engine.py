"""Values of the engine against pyradiomics called by hand on the whole frame: equal to the bit."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from PIL import Image
from speckle_lesions import ellipse, speckle

from USHarmonizationLib.errors import InputError, UsageError
from USRadiomicsLNMLib.extraction.engine import find_engine, parameter_file

pytest.importorskip("radiomics", reason="needs pyradiomics: make install builds it")

# pyradiomics' checker of parameter files loads modules in a way that Python has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:the load_module:DeprecationWarning")


def by_hand(frame: np.ndarray, mask: np.ndarray, file: Path, spacing: tuple[float, float] = (1, 1)) -> dict[str, float]:
    """What pyradiomics' documentation tells to do, with the same parameter file."""
    import SimpleITK
    from radiomics import featureextractor

    image, lesion = SimpleITK.GetImageFromArray(frame[None]), SimpleITK.GetImageFromArray(mask[None].astype(np.uint8))
    for one in (image, lesion):
        one.SetSpacing((spacing[1], spacing[0], 1.0))
    with np.errstate(all="ignore"):
        found = featureextractor.RadiomicsFeatureExtractor(str(file)).execute(image, lesion)
    return {name: float(value) for name, value in found.items() if not name.startswith("diagnostics")}


def extracted(frame: np.ndarray, mask: np.ndarray, file: Path, spacing: tuple[float, float] = (1, 1)) -> Any:
    engine = find_engine("pyradiomics")
    return engine.extract(frame, mask, engine.parameters(file), spacing)


def test_474_features_under_pyradiomics_names_in_its_order() -> None:
    frame, file = speckle(0, (90, 101)), parameter_file(None)
    mask = ellipse(frame.shape, (40, 50), (15, 20))
    found, expected = extracted(frame, mask, file), by_hand(frame, mask, file)
    assert len(found.values) == 474
    assert list(found.values) == list(expected)
    assert found.values == expected
    assert not found.warnings


def test_integer_images_have_the_values_of_floating_point_ones() -> None:
    frame, file = speckle(1, (64, 80)).astype(np.int16), parameter_file(None)
    mask = ellipse(frame.shape, (30, 40), (12, 15))
    assert extracted(frame.astype(np.float64), mask, file).values == by_hand(frame, mask, file)


def test_pixel_size_goes_into_shapes() -> None:
    frame, file = speckle(2, (64, 80)), parameter_file(None)
    mask = ellipse(frame.shape, (30, 40), (12, 15))
    found = extracted(frame, mask, file, (0.1, 0.2)).values
    assert found == by_hand(frame, mask, file, (0.1, 0.2))
    assert found["original_shape2D_PixelSurface"] == pytest.approx(mask.sum() * 0.02)


@settings(max_examples=8, phases=[Phase.generate])
@given(
    seed=st.integers(0, 100),
    size=st.tuples(st.integers(40, 61), st.integers(40, 61)),
    place=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    radii=st.tuples(st.floats(6, 15), st.floats(6, 15)),
)
def test_values_are_those_of_the_whole_frame_wherever_the_lesion_lies(
    seed: int, size: tuple[int, int], place: tuple[float, float], radii: tuple[float, float]
) -> None:
    frame = speckle(seed, size)
    mask = ellipse(size, (place[0] * (size[0] - 1), place[1] * (size[1] - 1)), radii)
    file = parameter_file(None)
    assert extracted(frame, mask, file).values == by_hand(frame, mask, file)


@pytest.mark.parametrize("size", [(50, 60), (51, 61)])
@pytest.mark.parametrize(
    ("rows", "columns", "warned"),
    [
        (slice(0, 15), slice(20, 40), True),
        (slice(1, 15), slice(20, 40), True),
        (slice(2, 15), slice(20, 40), False),
        (slice(20, 40), slice(45, None), True),
        (slice(20, 40), slice(40, -1), True),
        (slice(20, 40), slice(40, -3), False),
    ],
)
def test_at_the_border_values_are_pyradiomics_own_and_a_warning_says_what_they_hold(
    size: tuple[int, int], rows: slice, columns: slice, warned: bool
) -> None:
    frame, file = speckle(3, size), parameter_file(None)
    mask = np.zeros(size, dtype=bool)
    mask[rows, columns] = True
    found = extracted(frame, mask, file)
    assert found.values == by_hand(frame, mask, file)
    assert any("pixels of the opposite side" in warning for warning in found.warnings) is warned
    # The warning is right: what lies on the opposite side changes the values, or does not. (Next to an axis of odd
    # length stands its first pixel once more, and what is beyond that is out of reach from the second pixel.)
    other = frame.copy()
    other[-4:], other[:, :4] = np.where(mask[-4:], frame[-4:], 255), np.where(mask[:, :4], frame[:, :4], 255)
    changed = extracted(other, mask, file).values != found.values
    assert changed is (warned and not (size[0] % 2 and rows.start == 1))


@pytest.mark.parametrize(
    "settings_text",
    [
        "{normalize: true, normalizeScale: 50, binWidth: 5, force2D: true}",
        "{resampledPixelSpacing: [0.5, 0.5, 0], interpolator: sitkLinear, force2D: true}",
        "{preCrop: true, padDistance: 2, force2D: true}",
        "{level: 2, wavelet: db3, force2D: true}",
        "{binCount: 16, resegmentRange: [20, 200], force2D: true}",
    ],
)
def test_other_settings_have_pyradiomics_own_values_too(tmp_path: Path, settings_text: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        f"setting: {settings_text}\nimageType: {{Original: {{}}, Wavelet: {{}}}}\n"
        "featureClass: {firstorder: [Mean, Entropy], glcm: [Contrast], gldm: }\n"
    )
    frame = speckle(4, (70, 81))
    mask = ellipse(frame.shape, (9, 40), (8, 12))
    found = extracted(frame, mask, file).values
    assert len(found) >= 5 * 17
    assert found == by_hand(frame, mask, file)


def test_a_filter_that_looks_at_the_whole_image_gets_it(tmp_path: Path) -> None:
    file = tmp_path / "square.yaml"
    file.write_text("{setting: {force2D: true}, imageType: {Square: {}}, featureClass: {firstorder: [Mean]}}")
    frame = speckle(5, (60, 60))
    frame[55, 55] = 255  # far from the lesion; the square is scaled by the brightest pixel
    mask = ellipse(frame.shape, (20, 20), (8, 8))
    assert extracted(frame, mask, file).values == by_hand(frame, mask, file)


@pytest.mark.parametrize("name", ["ultrasound-8bit", "ibsi"])
def test_real_lesions(shared_data: Path, name: str) -> None:
    folder, file = shared_data / "busbra", parameter_file(name)
    with open(folder / "bus_data.csv", encoding="utf-8") as stream:
        cases = [row["ID"] for row in csv.DictReader(stream)][5::400]
    touching = 0
    for case in cases:
        frame = np.asarray(Image.open(folder / "Images" / f"{case}.png").convert("L"), dtype=np.float64)
        mask = np.asarray(Image.open(folder / "Masks" / f"{case.replace('bus', 'mask')}.png").convert("L")) > 0
        found = extracted(frame, mask, file)
        touching += bool(found.warnings)
        assert found.values == by_hand(frame, mask, file), case
    assert len(cases) >= 3


def test_first_order_as_the_reference_manual_of_ibsi_has_it() -> None:
    frame = np.full((30, 30), 7.0)
    mask = np.zeros(frame.shape, dtype=bool)
    mask[10:14, 10:18] = True
    frame[10:14, 10:14], frame[10:14, 14:18] = 20, 60
    found = extracted(frame, mask, parameter_file("ibsi")).values
    assert len(found) == 100
    assert found["original_firstorder_Mean"] == 40
    assert found["original_firstorder_Variance"] == 400
    assert found["original_firstorder_Energy"] == 16 * (20**2 + 60**2)
    assert found["original_firstorder_Entropy"] == pytest.approx(1)
    assert found["original_firstorder_Kurtosis"] == pytest.approx(1)  # excess -2, and 3


def test_unusable_lesions_are_one_line() -> None:
    frame, file = speckle(6, (40, 40)), parameter_file(None)
    mask = np.zeros(frame.shape, dtype=bool)
    with pytest.raises(InputError, match="the lesion has 0 pixels"):
        extracted(frame, mask, file)
    mask[5, 5] = True
    with pytest.raises(InputError, match="the lesion has 1 pixel; needed for features: at least 16"):
        extracted(frame, mask, file)
    mask[5, :30] = True
    with pytest.raises(InputError, match="a line one pixel wide"):
        extracted(frame, mask, file)
    with pytest.raises(InputError, match="covers the whole image"):
        extracted(frame, np.ones_like(mask), file)
    with pytest.raises(InputError, match=r"mask of shape \(3, 3\) for a frame of shape \(40, 40\)"):
        extracted(frame, np.ones((3, 3), dtype=bool), file)
    mask[10:20, 10:20] = True
    frame[15, 15] = np.nan
    with pytest.raises(InputError, match="not finite"):
        extracted(frame, mask, file)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("setting: {binWidth: 25}", "force2D is off; needed: force2D: true"),
        ("setting: {force2D: true, force2Ddimension: 1}", "force2Ddimension is 1; needed: 0"),
        ("{setting: {force2D: true}, featureClass: {shape: }}", "class shape is of volumes; name the classes"),
        ("{setting: {force2D: true}, imageType: {LoG: {sigma: [2]}}}", "image type LoG needs volumes"),
        ("setting: {force2D: true, label: 3}", "label is 3; name labels in the cohort"),
        ("setting: {force2D: true, binWidht: 25}", "binWidht"),
        ("setting: {force2D: true, binWidth: wide}", "wide"),
        ("{setting: {force2D: true}, featureClass: {glmc: }}", "glmc"),
        ("{setting: {force2D: true}, featureClass: {glcm: [Contrats]}}", "Contrats"),
        ("{setting: {force2D: true}, imageType: {Wavelets: {}}}", "Wavelets"),
        ("setting: [", "while parsing"),
        ("", ""),
    ],
)
def test_a_bad_parameter_file_is_one_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    with pytest.raises(UsageError) as raised:
        find_engine("pyradiomics").parameters(file)
    assert str(raised.value).startswith(f"parameters {file}: ")
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)
    assert capfd.readouterr().err == ""
