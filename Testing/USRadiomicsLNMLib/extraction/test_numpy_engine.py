"""The engine that stands in for pyradiomics: its values against pyradiomics', and what it refuses."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from PIL import Image
from speckle_lesions import ellipse, speckle

from USHarmonizationLib.errors import InputError, UsageError
from USRadiomicsLNMLib.extraction.engine import Features, find_engine, parameter_file

# pyradiomics' checker of parameter files loads modules in a way that Python has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:the load_module:DeprecationWarning")

SIZE = (48, 57)
SHIPPED = ("ultrasound-8bit", "ibsi")


def extracted(frame: np.ndarray, mask: np.ndarray, file: Path, spacing: tuple[float, float] = (1, 1)) -> Features:
    engine = find_engine("numpy")
    return engine.extract(frame, mask, engine.parameters(file), spacing)


def differences(found: Mapping[str, float], expected: Mapping[str, float]) -> dict[str, float]:
    """Of each feature: relative to its value, infinite where only one of them has a value.

    Two features are odd moments, which are 0 of what is symmetric: of them, relative to how large they could be.
    """
    result = {}
    for name, value in expected.items():
        scale = abs(value)
        if name.endswith("ClusterShade"):
            scale = max(scale, 1e-3 * expected[name.replace("Shade", "Prominence")] ** 0.75)
        if name.endswith("Skewness"):
            scale = max(scale, 1e-3)
        same = value == found[name] or (np.isnan(value) and np.isnan(found[name]))
        result[name] = 0 if same else abs(value - found[name]) / scale if scale else np.inf
        result[name] = np.inf if np.isnan(result[name]) else result[name]
    return result


def assert_agrees(frame: np.ndarray, mask: np.ndarray, name: str, spacing: tuple[float, float] = (1, 1)) -> None:
    theirs, file = find_engine("pyradiomics"), parameter_file(name)
    expected = theirs.extract(frame, mask, theirs.parameters(file), spacing)
    found = extracted(frame, mask, file, spacing)
    assert list(found.values) == list(expected.values)
    assert found.warnings == expected.warnings
    assert {one: value for one, value in differences(found.values, expected.values).items() if value > 1e-9} == {}


def lesions() -> dict[str, np.ndarray]:
    masks = {}
    for edge in (0, 1, 2):
        flat, upright = np.zeros(SIZE, dtype=bool), np.zeros(SIZE, dtype=bool)
        flat[edge : edge + 15, 20:38] = upright[20:38, edge : edge + 11] = True
        masks |= {f"{edge} px from above": flat, f"{edge} px from below": flat[::-1]}
        masks |= {f"{edge} px from the left": upright, f"{edge} px from the right": upright[:, ::-1]}
    whole = ellipse(SIZE, (22, 25), (14, 16))
    masks["with a hole"] = whole & ~ellipse(SIZE, (20, 24), (5, 4))
    masks["of two parts"] = ellipse(SIZE, (15, 15), (6, 8)) | ellipse(SIZE, (35, 40), (7, 5))
    masks["with many holes"] = whole & (np.random.default_rng(0).random(SIZE) < 0.3)
    for name in ("of pixels apart", "of pixels at corners", "of two rows", "a diagonal", "an angle", "small"):
        masks[name] = np.zeros(SIZE, dtype=bool)
    masks["of pixels apart"][10:30:2, 10:30:2] = True
    masks["of pixels at corners"][10:30, 10:30] = np.indices((20, 20)).sum(axis=0) % 2 == 0
    masks["of two rows"][10:12, 10:40] = True
    masks["a diagonal"][np.arange(5, 30), np.arange(5, 30)] = True
    masks["an angle"][5:40, 7] = masks["an angle"][39, 7:20] = True
    masks["small"][10:14, 10:14] = True
    return masks


def images() -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    return {
        "of speckle": speckle(1, SIZE),
        "not whole numbers": speckle(2, SIZE) * 0.7913 + 0.1,
        "on edges of bins": random.integers(0, 11, SIZE) * 25.0,
        "of two values": np.where(random.random(SIZE) < 0.5, 20.0, 60.0),
        "constant": np.full(SIZE, 77.0),
        "a ramp": np.add.outer(np.arange(48.0) * 3, np.arange(57.0)),
    }


@pytest.mark.parametrize(("number", "lesion"), list(enumerate(lesions())))
def test_values_agree_with_pyradiomics_on_any_lesion(number: int, lesion: str) -> None:
    pytest.importorskip("radiomics")
    for image in (number, number + 1):
        frame = list(images().values())[image % len(images())]
        assert_agrees(frame, lesions()[lesion], SHIPPED[0])
    assert_agrees(speckle(number, SIZE), lesions()[lesion], SHIPPED[1])


@pytest.mark.parametrize("image", images())
def test_values_agree_with_pyradiomics_on_any_image(image: str) -> None:
    pytest.importorskip("radiomics")
    for lesion in ("of two parts", "with many holes", "0 px from the left"):
        assert_agrees(images()[image], lesions()[lesion], SHIPPED[0])


@settings(max_examples=12, phases=[Phase.generate])
@given(
    seed=st.integers(0, 100),
    size=st.tuples(st.integers(40, 90), st.integers(40, 90)),
    place=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    radii=st.tuples(st.floats(6, 40), st.floats(6, 40)),
    spacing=st.tuples(st.floats(0.05, 1), st.floats(0.05, 1)),
)
def test_values_agree_wherever_the_lesion_lies_and_however_large_it_is(
    seed: int,
    size: tuple[int, int],
    place: tuple[float, float],
    radii: tuple[float, float],
    spacing: tuple[float, float],
) -> None:
    pytest.importorskip("radiomics")
    mask = ellipse(size, (place[0] * (size[0] - 1), place[1] * (size[1] - 1)), radii)
    mask[0, 0] = mask[-1, -1] = False  # there must be tissue around
    assert_agrees(speckle(seed, size), mask, SHIPPED[0], spacing)


def test_values_agree_of_real_lesions(shared_data: Path) -> None:
    pytest.importorskip("radiomics")
    folder = shared_data / "busbra"
    with open(folder / "bus_data.csv", encoding="utf-8") as stream:
        cases = [row["ID"] for row in csv.DictReader(stream)][3::60]
    for number, case in enumerate(cases):
        frame = np.asarray(Image.open(folder / "Images" / f"{case}.png").convert("L"), dtype=np.float64)
        mask = np.asarray(Image.open(folder / "Masks" / f"{case.replace('bus', 'mask')}.png").convert("L")) > 0
        assert_agrees(frame, mask, SHIPPED[number % 4 == 3])
    assert len(cases) >= 20


@pytest.mark.parametrize(
    "text",
    [
        "{setting: {force2D: true, binWidth: 7.5, voxelArrayShift: 30}, featureClass: {firstorder: , glszm: }}",
        "{setting: {force2D: true, binCount: 9}, imageType: {Wavelet: {binWidth: 10, binCount: null}, Original: {}},"
        " featureClass: {gldm: [DependenceEntropy], firstorder: [Mean, Entropy], shape2D: [Perimeter], glcm: }}",
        "{setting: {force2D: true, label: 1, normalizeScale: 100, padDistance: 9}, featureClass: {ngtdm: , glrlm: }}",
    ],
)
def test_other_parameters_have_the_same_features_values_and_digest(tmp_path: Path, text: str) -> None:
    pytest.importorskip("radiomics")
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    assert find_engine("numpy").parameters(file).digest == find_engine("pyradiomics").parameters(file).digest
    assert_agrees(speckle(3, SIZE), ellipse(SIZE, (22, 25), (14, 16)), str(file))


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_parameters_are_the_same_whichever_engine_reads_them(name: str) -> None:
    """Else no image could be scored where the other engine is."""
    pytest.importorskip("radiomics")
    file = parameter_file(name)
    ours, theirs = (find_engine(engine).parameters(file) for engine in ("numpy", "pyradiomics"))
    assert ours.digest == theirs.digest


def test_474_features() -> None:
    found = extracted(speckle(0, SIZE), ellipse(SIZE, (22, 25), (14, 16)), parameter_file(None))
    assert len(found.values) == 474
    assert np.isfinite(list(found.values.values())).all()
    assert not found.warnings


def test_unusable_lesions_are_one_line() -> None:
    frame, file = speckle(6, (40, 40)), parameter_file(None)
    mask = np.zeros(frame.shape, dtype=bool)
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
        (
            "{setting: {force2D: true, resampledPixelSpacing: [1, 1, 0]}}",
            "the setting resampledPixelSpacing: [1, 1, 0]",
        ),
        ("{setting: {force2D: true, weightingNorm: euclidean}}", "the setting weightingNorm: euclidean"),
        ("{setting: {force2D: true, distances: [1, 2]}}", "the setting distances: [1, 2]"),
        ("{setting: {force2D: true, normalize: true}}", "the setting normalize: True"),
        ("{setting: {force2D: true, symmetricalGLCM: false}}", "the setting symmetricalGLCM: False"),
        ("{setting: {force2D: true, gldm_a: 1}}", "the setting gldm_a: 1"),
        ("{setting: {force2D: true}, imageType: {Wavelet: {wavelet: db3}}}", "the setting wavelet: db3"),
        ("{setting: {force2D: true}, imageType: {Square: {}}}", "the image type Square"),
        (
            "{setting: {force2D: true}, featureClass: {firstorder: [StandardDeviation]}}",
            "the feature StandardDeviation",
        ),
    ],
)
def test_what_only_pyradiomics_can_do_is_refused_by_name(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text if "featureClass" in text else text[:-1] + ", featureClass: {glcm: }}")
    with pytest.raises(UsageError) as raised:
        find_engine("numpy").parameters(file)
    assert str(raised.value).startswith(f"parameters {file}: {said} ")
    assert "needs pyradiomics" in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("setting: {binWidth: 25}", "force2D is off; needed: force2D: true"),
        ("setting: {force2D: true, force2Ddimension: 1}", "force2Ddimension is 1; needed: 0"),
        ("setting: {force2D: true}", "class shape is of volumes; name the classes"),
        ("{setting: {force2D: true}, imageType: {LoG: {sigma: [2]}}}", "image type LoG needs volumes"),
        ("{setting: {force2D: true, binWidht: 25}, featureClass: {glcm: }}", "there is no setting binWidht"),
        ("{setting: {force2D: true, binWidth: wide}, featureClass: {glcm: }}", "binWidth is wide; needed: a number"),
        ("{setting: {force2D: true, binCount: 0.5}, featureClass: {glcm: }}", "binCount is 0.5; needed: a whole"),
        ("{setting: {force2D: true, voxelArrayShift: far}, featureClass: {glcm: }}", "voxelArrayShift is far"),
        ("{setting: {force2D: true}, featureClass: {glmc: }}", "there is no feature class glmc"),
        ("{setting: {force2D: true}, featureClass: {glcm: Contrast}}", "glcm is Contrast; needed: a list"),
        ("{setting: {force2D: true}, featureClass: [glcm]}", "featureClass is ['glcm']; needed: names"),
        ("{setting: {force2D: true}, imageType: {Wavelet: 3}, featureClass: {glcm: }}", "image type Wavelet is 3"),
        ("voxelSetting: {kernelRadius: 2}", "voxelSetting is not known"),
        ("setting: [", "while parsing"),
        ("", "no parameters in it"),
    ],
)
def test_a_bad_parameter_file_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    with pytest.raises(UsageError) as raised:
        find_engine("numpy").parameters(file)
    assert str(raised.value).startswith(f"parameters {file}: ")
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)
