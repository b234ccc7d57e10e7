"""From measurements to figures: values of the single functions, and the warnings that go with them."""

from __future__ import annotations

import numpy as np
import pytest

from USHarmonizationLib.evaluation.measure import Measured
from USHarmonizationLib.evaluation.summary import Figure, Summary, summarize
from USHarmonizationLib.metrics.feature_agreement import feature_agreement, mean_correlation_interval
from USHarmonizationLib.metrics.fid import network_frechet_distance
from USHarmonizationLib.metrics.frechet import frechet_distance
from USHarmonizationLib.metrics.image_figures import ImageFigures
from USHarmonizationLib.metrics.kid import kernel_distance
from USHarmonizationLib.metrics.scanner_classifier import scanner_recognition

METHODS = ("original", "near")
NAMES = ("original_firstorder_Mean", "original_glcm_Contrast", "wavelet-LH_firstorder_Mean")
CHANCE = np.random.default_rng(0)
# 12 images of two regions each: target, and what two methods make of it.
TARGET = CHANCE.normal(size=(24, 3))
FEATURES = {
    "target": TARGET,
    "near": TARGET + 0.1 * CHANCE.normal(size=(24, 3)),
    "original": CHANCE.normal(size=(24, 3)),
}
NETWORK = {role: CHANCE.normal(size=(12, 5)).astype(np.float32) for role in FEATURES}


def pair(psnr: float) -> ImageFigures:
    return ImageFigures(psnr=psnr, ssim=0.5, ms_ssim=0.6, mi=1, nmi=1.2, scales=5, pixels=1000)


def measured(count: int = 12, paired: bool = True, psnr: float = 20.0) -> list[Measured]:
    roles = ("target", *METHODS) if paired else METHODS
    found = []
    for place in range(count):
        figures = {"original": {"near": pair(30.0)}}
        if paired:
            figures["target"] = {"original": pair(10.0 + place), "near": pair(psnr)}
        rows = {role: FEATURES[role][2 * place : 2 * place + 2].copy() for role in roles}
        network = {role: NETWORK[role][place].astype(np.float32) for role in roles}
        found.append(Measured(f"{place:02}", f"{place:02}", "", figures, (1, 2), NAMES, rows, network))
    return found


def targets() -> list[Measured]:
    found = []
    for one in measured():
        features, network = ({"target": by_role["target"]} for by_role in (one.features, one.network))
        found.append(Measured(f"t{one.name}", f"t{one.name}", "", {}, (1, 2), NAMES, features, network))
    return found


def figure(summary: Summary, key: str, method: str, against: str = "target") -> Figure:
    (found,) = [one for one in summary.figures if (one.key, one.method, one.against) == (key, method, against)]
    return found


def test_means_and_deviations_over_the_images() -> None:
    summary = summarize(METHODS, measured(), [], None)
    found = figure(summary, "psnr", "original")
    assert found.value == pytest.approx(15.5)
    assert found.sd == pytest.approx(np.arange(12).std(ddof=1))
    assert found.n == 12
    assert figure(summary, "psnr", "near", "original").value == 30
    assert not [one for one in summary.figures if one.method == one.against]


def test_figures_of_sets_are_those_of_the_library() -> None:
    summary = summarize(METHODS, measured(), [], "some-network", seed=1)
    sample, target = NETWORK["near"], NETWORK["target"]
    fid, kid = figure(summary, "fid", "near"), figure(summary, "kid", "near")
    assert fid.title == "FID (some-network)"
    assert fid.value == pytest.approx(network_frechet_distance(sample, target))
    assert "12 images" in fid.warnings[0]
    distance = kernel_distance(sample, target, seed=1)
    assert (kid.value, kid.sd) == (distance.value, distance.sd)
    assert figure(summary, "frd", "near").value == pytest.approx(
        frechet_distance(FEATURES["near"][:, :2], TARGET[:, :2])  # without the wavelet
    )
    patients = np.repeat([f"{place:02}" for place in range(12)], 2)
    expected = scanner_recognition(FEATURES["near"], TARGET, patients, patients, seed=1)
    assert figure(summary, "scanner", "near").value == expected


def test_agreement_of_features() -> None:
    found = summarize(METHODS, measured(), [], None).features["near"]
    expected = feature_agreement(FEATURES["near"], TARGET)
    assert found.agreement is not None
    assert found.agreement.icc == pytest.approx(expected.icc)
    assert found.agreement.reproducible == 1
    groups = np.repeat(np.arange(100, 112), 2).tolist()
    assert found.interval == pytest.approx(mean_correlation_interval(FEATURES["near"], TARGET, groups))
    assert "several regions of one image" in found.warnings[0]


def test_an_unpaired_target_has_a_shift_and_no_agreement() -> None:
    summary = summarize(METHODS, measured(paired=False), targets(), "some-network")
    found = summary.features["original"]
    assert found.agreement is None
    assert found.shift == pytest.approx(FEATURES["original"].mean(axis=0) - TARGET.mean(axis=0))
    assert figure(summary, "fid", "near").n_target == 12
    assert not [one for one in summary.figures if one.key == "psnr" and one.against == "target"]


def test_without_a_target_only_the_change_is_known() -> None:
    summary = summarize(METHODS, measured(paired=False), [], "some-network")
    assert {one.against for one in summary.figures} == {"original"}
    assert not summary.features


def test_equal_images_are_left_out_of_the_mean_and_told() -> None:
    found = figure(summarize(METHODS, measured(psnr=np.inf), [], None), "psnr", "near")
    assert (found.value, found.sd, found.n) == (None, None, 0)
    assert "infinite for 12 of 12" in found.warnings[0]


def test_one_image_has_no_spread_and_no_sets() -> None:
    summary = summarize(METHODS, measured(1), [], "some-network")
    assert figure(summary, "psnr", "near").sd is None
    assert "one image" in figure(summary, "psnr", "near").warnings[0]
    for key in ("fid", "kid", "scanner"):
        found = figure(summary, key, "near")
        assert found.value is None
        assert "needed" in found.warnings[-1]
    features = summary.features["near"]
    assert features.agreement is None
    assert "2 pairs; needed for the agreement" in features.warnings[0]


def test_few_pairs_are_told() -> None:
    features = summarize(METHODS, measured(4), [], None).features["near"]
    assert "8 pairs of regions, fewer than 10" in features.warnings[0]


def test_features_that_are_not_finite_are_left_out_and_told() -> None:
    images = measured()
    images[3].features["near"][0, 1] = np.nan
    summary = summarize(METHODS, images, [], None)
    assert summary.features["near"].names == (NAMES[0], NAMES[2])
    assert summary.features["original"].names == NAMES
    assert "1 features that are not finite" in summary.features["near"].warnings[0]
    assert figure(summary, "frd", "near").value is not None
