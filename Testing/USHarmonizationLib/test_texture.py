"""Texture features: names, values worked by hand, cutting, borders, bad lesions."""

from __future__ import annotations

import numpy as np
import pytest

from USHarmonizationLib.errors import InputError, UsageError
from USHarmonizationLib.texture import MARGIN, texture_features, texture_table

pytest.importorskip("radiomics", reason="needs pyradiomics: make install builds it")

CHANCE = np.random.default_rng(0)
FRAME = (CHANCE.random((90, 101)) * 255).astype(np.float32)
ROWS, COLUMNS = np.ogrid[:90, :101]
LESION = ((ROWS - 45) / 14) ** 2 + ((COLUMNS - 50) / 21) ** 2 < 1


def whole_frame(frame: np.ndarray, lesion: np.ndarray) -> dict[str, float]:
    """The same features as anybody gets them from pyradiomics, without cutting."""
    import SimpleITK
    from radiomics import featureextractor

    extractor = featureextractor.RadiomicsFeatureExtractor(binWidth=25, force2D=True, force2Ddimension=0)
    extractor.disableAllFeatures()
    for name in ("firstorder", "glcm", "glrlm", "glszm", "gldm", "ngtdm"):
        extractor.enableFeatureClassByName(name)
    extractor.enableImageTypeByName("Wavelet")
    found = extractor.execute(
        SimpleITK.GetImageFromArray(frame[None]), SimpleITK.GetImageFromArray(lesion[None].astype(np.uint8))
    )
    return {name: float(value) for name, value in found.items() if not name.startswith("diagnostics")}


def test_93_features_of_the_image_and_465_with_wavelets() -> None:
    plain, all_of_them = texture_features(FRAME, LESION), texture_features(FRAME, LESION, wavelet=True)
    assert len(plain) == 93
    assert len(all_of_them) == 465
    assert list(all_of_them)[:93] == list(plain)
    assert {name.split("_")[0] for name in all_of_them} == {
        "original", "wavelet-LH", "wavelet-HL", "wavelet-HH", "wavelet-LL"
    }  # fmt: skip
    assert not any("shape" in name for name in all_of_them)


def test_first_order_of_known_grey_levels() -> None:
    frame = np.full((30, 30), 7.0, dtype=np.float32)
    lesion = np.zeros((30, 30), dtype=bool)
    lesion[10:14, 10:18] = True
    frame[10:14, 10:14], frame[10:14, 14:18] = 20, 60
    found = texture_features(frame, lesion)
    assert found["original_firstorder_Mean"] == 40
    assert found["original_firstorder_Variance"] == 400
    assert found["original_firstorder_Range"] == 40
    # Half of the pixels in the bin from 0 to 25, half in that from 50 to 75: one bit.
    assert found["original_firstorder_Entropy"] == pytest.approx(1)


def test_cutting_changes_nothing_to_the_bit() -> None:
    assert texture_features(FRAME, LESION, wavelet=True) == whole_frame(FRAME, LESION)


@pytest.mark.parametrize("size", [(13, 14), (14, 13)])
def test_cutting_changes_nothing_for_odd_and_even_lesions(size: tuple[int, int]) -> None:
    lesion = np.zeros(FRAME.shape, dtype=bool)
    lesion[30 : 30 + size[0], 30 : 30 + size[1]] = True
    assert texture_features(FRAME, lesion, wavelet=True) == whole_frame(FRAME, lesion)


def test_at_the_border_tissue_goes_on_mirrored() -> None:
    lesion = np.zeros(FRAME.shape, dtype=bool)
    lesion[:12, 80:] = True
    mirrored = np.pad(FRAME, 2 * MARGIN, mode="symmetric")
    expected = texture_features(mirrored, np.pad(lesion, 2 * MARGIN), wavelet=True)
    assert texture_features(FRAME, lesion, wavelet=True) == expected
    # What does not look beyond the lesion does not depend on it.
    assert texture_features(FRAME, lesion) == {
        k: v for k, v in whole_frame(FRAME, lesion).items() if "wavelet" not in k
    }


def test_pixels_outside_the_mask_take_no_part() -> None:
    hidden = LESION.copy()
    hidden[40:50, 45:55] = False
    bright = FRAME.copy()
    bright[40:50, 45:55] = 255
    assert texture_features(bright, hidden) == texture_features(FRAME, hidden)
    assert texture_features(bright, LESION) != texture_features(FRAME, LESION)


def test_a_lesion_of_one_grey_level_has_finite_features() -> None:
    found = texture_features(np.full(FRAME.shape, 90, dtype=np.uint8), LESION, wavelet=True)
    assert np.isfinite(list(found.values())).all()
    assert found["original_firstorder_Variance"] == 0


def test_a_table_of_many_lesions_is_the_same_on_two_processes() -> None:
    lesions = [(np.roll(FRAME, shift), LESION) for shift in range(3)]
    names, values = texture_table(lesions)
    assert names == list(texture_features(FRAME, LESION))
    assert values.shape == (3, 93)
    assert values[1].tolist() == list(texture_features(*lesions[1]).values())
    again = texture_table(iter(lesions), jobs=2)
    assert again[0] == names
    np.testing.assert_array_equal(again[1], values)


def test_unusable_lesions_are_named() -> None:
    with pytest.raises(InputError, match="has 0 pixels"):
        texture_features(FRAME, np.zeros(FRAME.shape, dtype=bool))
    with pytest.raises(InputError, match=r"mask of shape \(4, 4\) for a frame of shape \(90, 101\)"):
        texture_features(FRAME, np.ones((4, 4), dtype=bool))
    broken = FRAME.copy()
    broken[45, 50] = np.nan
    with pytest.raises(InputError, match="not finite"):
        texture_features(broken, LESION)
    with pytest.raises(InputError, match="has 0 pixels"):
        texture_table([(FRAME, np.zeros(FRAME.shape, dtype=bool))])
    with pytest.raises(UsageError, match="no lesions"):
        texture_table([])
