"""Matrices and features of the numpy engine against examples worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from USRadiomicsLNMLib.extraction.numpy_features.binning import Levels, levels
from USRadiomicsLNMLib.extraction.numpy_features.first_order import first_order
from USRadiomicsLNMLib.extraction.numpy_features.glcm import co_occurrences, glcm
from USRadiomicsLNMLib.extraction.numpy_features.gldm import gldm
from USRadiomicsLNMLib.extraction.numpy_features.glrlm import glrlm, runs
from USRadiomicsLNMLib.extraction.numpy_features.glszm import glszm, zones
from USRadiomicsLNMLib.extraction.numpy_features.lesion import Lesion
from USRadiomicsLNMLib.extraction.numpy_features.ngtdm import differences, ngtdm
from USRadiomicsLNMLib.extraction.numpy_features.size_matrix import SizeMatrix, size_features
from USRadiomicsLNMLib.extraction.numpy_features.wavelet import wavelet_bands

TEXTURES = (glcm, gldm, glrlm, glszm, ngtdm)

# The example of pyradiomics' documentation of GLRLM, GLSZM and GLDM.
FIVE = np.array([[5, 2, 5, 4, 4], [3, 3, 3, 1, 3], [2, 1, 1, 1, 3], [4, 2, 2, 2, 3], [3, 5, 3, 3, 2]])


def taken(grid: np.ndarray) -> tuple[Lesion, Levels]:
    """Grey levels as they stand, 0 outside the lesion."""
    mask = grid > 0
    return Lesion(mask), levels(grid[mask].astype(float), 1, None)


def test_fixed_width_bins_start_at_a_multiple_and_take_their_lower_edge() -> None:
    found = levels(np.array([30.0, 49.999, 50, 75, 124, 125]), 25, None)
    assert found.grey.tolist() == [1, 2, 3, 4, 5]
    assert found.place.tolist() == [0, 0, 1, 2, 3, 4]
    assert found.count.tolist() == [2, 1, 1, 1, 1]
    assert levels(np.array([-1.0, -26, 0]), 25, None).grey[[1, 0, 2]].tolist() == [2, 1, 3]


def test_levels_that_do_not_occur_are_left_out_but_counted() -> None:
    found = levels(np.array([0.0, 100, 101]), 25, None)
    assert found.grey.tolist() == [1, 5]
    assert found.highest == 5


def test_a_fixed_number_of_bins_has_the_highest_value_in_the_last() -> None:
    found = levels(np.array([10.0, 12.4, 12.5, 15, 20]), 25, 4)
    assert found.grey[found.place].tolist() == [1, 1, 2, 3, 4]


def test_first_order_of_four_values() -> None:
    values = np.array([1.0, 3, 3, 9])
    found = first_order(values, levels(values, 2, None), pixel_volume=0.5, shift=1)
    assert found["Mean"] == 4
    assert found["Variance"] == 9  # of the population
    assert found["Skewness"] == pytest.approx((-27 - 1 - 1 + 125) / 4 / 27)
    assert found["Kurtosis"] == pytest.approx((81 + 1 + 1 + 625) / 4 / 81)  # not the excess
    assert found["Energy"] == 4 + 16 + 16 + 100
    assert found["TotalEnergy"] == found["Energy"] / 2
    assert found["RootMeanSquared"] == pytest.approx(np.sqrt(136 / 4))
    assert found["10Percentile"] == pytest.approx(1.6)
    assert found["InterquartileRange"] == pytest.approx(4.5 - 2.5)
    assert found["MeanAbsoluteDeviation"] == (3 + 1 + 1 + 5) / 4
    assert found["RobustMeanAbsoluteDeviation"] == 0
    assert found["Uniformity"] == pytest.approx(1 / 16 + 1 / 4 + 1 / 16)
    assert found["Entropy"] == pytest.approx(1.5)
    assert len(found) == 18


def test_co_occurrences_of_haralick() -> None:
    """Haralick et al. 1973, figure 3, and its four matrices; grey levels from 1 instead of 0."""
    grid = np.array([[0, 0, 1, 1], [0, 0, 1, 1], [0, 2, 2, 2], [2, 2, 3, 3]]) + 1
    across, rising, down, falling = co_occurrences(*taken(grid))
    assert (across * 24).round(9).tolist() == [[4, 2, 1, 0], [2, 4, 0, 0], [1, 0, 6, 1], [0, 0, 1, 2]]
    assert (down * 24).round(9).tolist() == [[6, 0, 2, 0], [0, 4, 2, 0], [2, 2, 2, 2], [0, 0, 2, 0]]
    assert (rising * 18).round(9).tolist() == [[4, 1, 0, 0], [1, 2, 2, 0], [0, 2, 4, 1], [0, 0, 1, 0]]
    assert (falling * 18).round(9).tolist() == [[2, 1, 3, 0], [1, 2, 1, 0], [3, 1, 0, 2], [0, 0, 2, 0]]
    found = glcm(*taken(grid))
    assert found["JointEnergy"] == pytest.approx((84 / 576 + 80 / 576 + 48 / 324 + 38 / 324) / 4)
    assert found["Contrast"] == pytest.approx((14 / 24 + 24 / 24 + 8 / 18 + 32 / 18) / 4)
    assert found["MaximumProbability"] == pytest.approx((6 / 24 + 6 / 24 + 4 / 18 + 3 / 18) / 4)


def test_a_chequered_pattern_is_fully_correlated() -> None:
    """Across and down it always changes, on the diagonals never."""
    grid = 1 + np.indices((6, 6)).sum(axis=0) % 2
    found = glcm(*taken(grid))
    assert found["Contrast"] == pytest.approx(0.5)
    assert found["Correlation"] == pytest.approx(0)
    assert found["MCC"] == pytest.approx(1)
    assert found["Imc1"] == pytest.approx(-1)
    assert found["SumAverage"] == pytest.approx(2 * found["JointAverage"])


def test_runs_of_the_documentations_example() -> None:
    lesion, bins = taken(FIVE)
    across = np.array([[1, 0, 1], [3, 0, 1], [4, 1, 1], [1, 1, 0], [3, 0, 0]])
    found = runs(lesion.lines[0], bins)
    assert found.size.tolist() == [1, 2, 3]
    assert found.count.tolist() == across.tolist()
    features = size_features(found)
    assert features.percentage == pytest.approx(across.sum() / 25)
    assert features.small == pytest.approx((12 + 2 / 4 + 3 / 9) / 17)
    assert features.grey_non_uniformity == pytest.approx((4 + 16 + 36 + 4 + 9) / 17)
    assert features.low_grey == pytest.approx((2 + 4 / 4 + 6 / 9 + 2 / 16 + 3 / 25) / 17)
    every = [size_features(runs(line, bins)).small for line in lesion.lines]
    assert len(every) == 4
    assert glrlm(lesion, bins)["ShortRunEmphasis"] == pytest.approx(np.mean(every))


def test_runs_end_at_gaps_and_directions_without_company_do_not_count() -> None:
    grid = np.zeros((3, 9), dtype=int)
    grid[1] = [1, 1, 1, 0, 1, 2, 2, 0, 2]
    lesion, bins = taken(grid)
    assert len(lesion.lines) == 1
    found = glrlm(lesion, bins)  # level 1: 3 and 1; level 2: 2 and 1
    assert found["RunPercentage"] == pytest.approx(4 / 7)
    assert found["LongRunEmphasis"] == pytest.approx((9 + 1 + 4 + 1) / 4)
    assert found["LongRunHighGrayLevelEmphasis"] == pytest.approx((9 + 1 + 4 * 5) / 4)
    assert found["RunEntropy"] == pytest.approx(2)


def test_zones_of_the_documentations_example() -> None:
    found = zones(*taken(FIVE))
    assert found.size.tolist() == [1, 2, 3, 4, 5]
    assert found.count.tolist() == [[0, 0, 0, 1, 0], [1, 0, 0, 0, 1], [1, 0, 1, 0, 1], [1, 1, 0, 0, 0], [3, 0, 0, 0, 0]]


def test_zones_hang_together_at_corners_and_go_around_holes() -> None:
    ring = np.array([[1, 1, 1], [1, 2, 1], [1, 1, 1]])
    assert zones(*taken(ring)).count.tolist() == [[0, 1], [1, 0]]
    crossed = np.array([[1, 2], [2, 1]])
    assert zones(*taken(crossed)).size.tolist() == [2]


def test_dependences_of_the_documentations_example() -> None:
    expected = np.array([[0, 1, 2, 1], [1, 2, 3, 0], [1, 4, 4, 0], [1, 2, 0, 0], [3, 0, 0, 0]], dtype=float)
    by_hand = size_features(SizeMatrix(expected, np.arange(1.0, 6), np.arange(1.0, 5)))
    found = gldm(*taken(FIVE))
    assert found["SmallDependenceEmphasis"] == pytest.approx(by_hand.small)
    assert found["DependenceEntropy"] == pytest.approx(by_hand.entropy)
    assert found["DependenceNonUniformity"] == pytest.approx((36 + 81 + 81 + 1) / 25)
    assert found["LargeDependenceLowGrayLevelEmphasis"] == pytest.approx(by_hand.large_low_grey)


def test_differences_of_the_documentations_example() -> None:
    grid = np.array([[1, 2, 5, 2], [3, 5, 1, 3], [1, 3, 5, 5], [3, 1, 1, 1]])
    lesion, bins = taken(grid)
    assert bins.grey.tolist() == [1, 2, 3, 5]
    ones = [abs(1 - 10 / 3), abs(1 - 30 / 8), abs(1 - 15 / 5), abs(1 - 13 / 5), abs(1 - 15 / 5), abs(1 - 11 / 3)]
    twos = [abs(2 - 15 / 5), abs(2 - 9 / 3)]
    threes = [abs(3 - 12 / 5), abs(3 - 18 / 5), abs(3 - 20 / 8), abs(3 - 5 / 3)]
    fives = [abs(5 - 13 / 5), abs(5 - 21 / 8), abs(5 - 20 / 8), abs(5 - 11 / 5)]
    sums = [sum(one) for one in (ones, twos, threes, fives)]
    assert sums == pytest.approx([13.35, 2, 3.0333333, 10.075], rel=1e-6)  # as the documentation's table has them
    assert differences(lesion, bins) == pytest.approx(sums)
    share = np.array([6, 2, 4, 4]) / 16
    assert ngtdm(lesion, bins)["Coarseness"] == pytest.approx(1 / (share @ sums))


def test_a_lesion_of_one_grey_level_has_pyradiomics_values() -> None:
    lesion, bins = taken(np.ones((4, 5), dtype=int))
    assert ngtdm(lesion, bins) == {"Busyness": 0, "Coarseness": 1e6, "Complexity": 0, "Contrast": 0, "Strength": 0}
    found = glcm(lesion, bins)
    assert (found["Correlation"], found["MCC"], found["JointEnergy"]) == (1, 1, 1)
    assert (found["Contrast"], found["Imc1"], found["Imc2"], found["SumSquares"]) == (0, 0, 0, 0)
    assert glszm(lesion, bins)["LargeAreaEmphasis"] == 20**2
    assert glrlm(lesion, bins)["GrayLevelVariance"] == 0
    values = np.full(20, 7.0)
    flat = first_order(values, levels(values, 25, None), 1, 0)
    assert (flat["Skewness"], flat["Kurtosis"], flat["Variance"]) == (0, 0, 0)


def test_pixels_that_have_no_neighbours_have_no_co_occurrence() -> None:
    grid = np.zeros((7, 7), dtype=int)
    grid[::2, ::2] = np.arange(1, 17).reshape(4, 4)
    lesion, bins = taken(grid)
    assert np.isnan(list(glcm(lesion, bins).values())).all()
    assert differences(lesion, bins).tolist() == [0] * 16
    assert gldm(lesion, bins)["SmallDependenceEmphasis"] == 1


@settings(max_examples=50)
@given(
    seed=st.integers(0, 1000),
    rows=st.integers(2, 12),
    columns=st.integers(2, 12),
    grey=st.integers(1, 6),
    share=st.floats(0.3, 1),
)
def test_turned_and_mirrored_lesions_have_the_same_texture(
    seed: int, rows: int, columns: int, grey: int, share: float
) -> None:
    random = np.random.default_rng(seed)
    grid = random.integers(1, grey + 1, (rows, columns)) * (random.random((rows, columns)) < share)
    grid[0, 0] = 1
    for texture in TEXTURES:
        found = texture(*taken(grid))
        for other in (np.rot90(grid), grid[::-1], np.pad(grid, ((3, 1), (0, 2)))):
            assert texture(*taken(other)) == pytest.approx(found, rel=1e-7, abs=1e-7, nan_ok=True)


@given(seed=st.integers(0, 1000), grey=st.integers(1, 9))
def test_matrices_count_every_pixel_once(seed: int, grey: int) -> None:
    random = np.random.default_rng(seed)
    grid = random.integers(1, grey + 1, (9, 11)) * (random.random((9, 11)) < 0.8)
    lesion, bins = taken(grid)
    pixels = (grid > 0).sum()
    found = zones(lesion, bins)
    assert (found.count @ found.size).sum() == pixels
    assert (found.count @ found.size).tolist() == bins.count.tolist()
    assert co_occurrences(lesion, bins).sum(axis=(1, 2)) == pytest.approx(1)
    lines = [sorted(line.order.tolist()) for line in lesion.lines]
    assert lines == [list(range(pixels))] * len(lesion.lines)


def test_wavelet_bands_add_up_to_the_image_they_are_of() -> None:
    random = np.random.default_rng(0)
    image = random.normal(size=(12, 14))
    bands = dict(wavelet_bands(image))
    assert list(bands) == ["wavelet-LH", "wavelet-HL", "wavelet-HH", "wavelet-LL"]
    energy = sum((band**2).sum() for band in bands.values())
    assert energy == pytest.approx(4 * (image**2).sum())
    stripes = np.tile([0.0, 1], (12, 7))  # change along a row only
    assert {name for name, band in wavelet_bands(stripes) if band.std() > 1e-9} == {"wavelet-HL"}
    assert {band.shape for _, band in wavelet_bands(image[:11, :13])} == {(11, 13)}
