"""Features in a fraction of the time: equal to pyradiomics' own, quietly, whatever is asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("radiomics", reason="needs pyradiomics: make install builds it")

import SimpleITK
from radiomics import featureextractor, imageoperations

from USHarmonizationLib.fast_pyradiomics import FastExtractor

FRAME = np.random.default_rng(0).integers(0, 256, (48, 56)).astype(np.float64)
LESION = np.zeros(FRAME.shape, dtype=bool)
LESION[12:30, 14:40] = True
CLASSES: dict[str, list[str]] = {"shape2D": [], "firstorder": [], "glcm": ["Contrast", "MCC"], "ngtdm": [], "gldm": []}


def _ready(extractor: Any) -> Any:
    extractor.enabledImagetypes = {"Original": {}, "Wavelet": {"binWidth": 10}}
    extractor.enabledFeatures = CLASSES
    return extractor


def _bare(**settings: Any) -> dict[str, float]:
    extractor = _ready(featureextractor.RadiomicsFeatureExtractor(force2D=True, **settings))
    image, mask = (SimpleITK.GetImageFromArray(one[None]) for one in (FRAME, LESION.astype(np.uint8)))
    with np.errstate(all="ignore"):
        found = extractor.execute(image, mask)
    return {name: float(value) for name, value in found.items() if not name.startswith("diagnostics")}


@pytest.mark.parametrize("settings", [{}, {"binWidth": 7.5}, {"binCount": 12}, {"resegmentRange": [30, 220]}])
def test_values_and_their_order_are_pyradiomics_own(settings: dict[str, Any]) -> None:
    found = _ready(FastExtractor(force2D=True, **settings)).features(FRAME, LESION)
    expected = _bare(**settings)
    assert list(found) == list(expected)
    assert found == expected


def test_grey_levels_are_put_into_bins_once_an_image(monkeypatch: pytest.MonkeyPatch) -> None:
    calls, edges = [], imageoperations.getBinEdges
    monkeypatch.setattr(imageoperations, "getBinEdges", lambda *a, **k: calls.append(len(a[0])) or edges(*a, **k))
    _ready(FastExtractor(force2D=True)).features(FRAME, LESION)
    assert calls == [2] * 5  # the lowest and the highest value of five images


def test_nothing_is_said_on_the_screen(capfd: pytest.CaptureFixture[str]) -> None:
    extractor = FastExtractor(force2D=True)
    extractor.features(FRAME, LESION)  # of all features, SumAverage among them, which pyradiomics comments on
    said = capfd.readouterr()
    assert said.err == said.out == ""


def test_a_call_does_not_change_the_extractor() -> None:
    extractor = _ready(FastExtractor(force2D=True))
    before = dict(extractor.settings)
    first = extractor.features(FRAME, LESION, (0.1, 0.2))
    assert extractor.settings == before
    assert extractor.features(FRAME, LESION, (0.1, 0.2)) == first
    assert first["original_shape2D_PixelSurface"] == pytest.approx(LESION.sum() * 0.02)
