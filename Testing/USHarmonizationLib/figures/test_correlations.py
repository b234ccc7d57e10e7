"""Heat map of correlations: blocks, rows, classes and means."""

from __future__ import annotations

import numpy as np
import pytest

from USHarmonizationLib.errors import UsageError
from USHarmonizationLib.figures.correlations import plot_correlations

NAMES = ["original_firstorder_Mean", "original_firstorder_Range", "original_glcm_Contrast"]
WAVELET = [name.replace("original", "wavelet-LH") for name in NAMES]


def texts(axis: object) -> list[str]:
    return [text.get_text() for text in axis.texts]  # type: ignore[attr-defined]


def test_one_block_with_its_classes_means_and_interval() -> None:
    before, after = np.array([0.2, np.nan, -0.4]), np.array([0.9, 0.8, 1.0])
    figure = plot_correlations(NAMES, {"original": before, "FDA": after}, {"FDA": (0.85, 0.95)})
    axis, scale = figure.axes
    (shown,) = axis.images
    assert np.ma.filled(shown.get_array(), np.nan) == pytest.approx(np.array([before, after]), nan_ok=True)
    assert shown.get_clim() == (-1, 1)
    assert [label.get_text() for label in axis.get_yticklabels()] == ["original", "FDA"]
    assert [label.get_text() for label in axis.get_xticklabels()] == ["first order", "GLCM"]
    assert list(axis.get_xticks()) == [0.5, 2]
    assert {"-0.10", "0.90", "(0.85 to 0.95)"} <= set(texts(axis))
    assert "Pearson correlation" in scale.get_title(loc="left")


def test_each_kind_of_image_is_a_block() -> None:
    figure = plot_correlations([*NAMES, *WAVELET], {"FDA": np.linspace(-1, 1, 6)})
    first, second, _ = figure.axes
    assert (first.get_title(loc="left"), second.get_title(loc="left")) == ("image as it is", "wavelet LH")
    assert np.asarray(second.images[0].get_array()) == pytest.approx(np.array([[0.2, 0.6, 1.0]]))
    assert second.get_position().y1 < first.get_position().y0


def test_other_names_make_one_block() -> None:
    figure = plot_correlations(["a", "b"], {"FDA": np.array([0.1, np.nan])})
    assert len(figure.axes) == 2
    assert "0.10" in texts(figure.axes[0])


def test_nothing_to_show_is_refused() -> None:
    with pytest.raises(UsageError, match="no correlations"):
        plot_correlations([], {})
    with pytest.raises(UsageError, match="FDA: 1 correlations for 2 features"):
        plot_correlations(["a", "b"], {"FDA": np.array([0.1])})
