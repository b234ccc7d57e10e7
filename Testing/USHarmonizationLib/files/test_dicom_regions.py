"""US Region Calibration (PS3.3 C.8.5.5): kinds, boxes, spacing, and what is doubtful about them."""

from __future__ import annotations

from typing import Any

import pytest
from pydicom.dataset import Dataset
from synthetic_dicom import dataset, region

from USHarmonizationLib.files.dicom_regions import read_regions, read_spacing


def header(*regions: Dataset, **changes: Any) -> Dataset:
    return dataset(**{"Rows": 20, "Columns": 30, "SequenceOfUltrasoundRegions": list(regions) or None} | changes)


@pytest.mark.parametrize(
    ("spatial", "data", "kind"),
    [
        (1, 1, "b-mode"),
        (1, 2, "colour"),
        (2, 1, "m-mode"),
        (3, 3, "spectral"),
        (4, 10, "other"),
        (5, 0, "other"),
        (0, 13, "other"),
        (1, 0, "other"),
        (None, None, "other"),
    ],
)
def test_kinds(spatial: int | None, data: int | None, kind: str) -> None:
    regions, _ = read_regions(header(region(RegionSpatialFormat=spatial, RegionDataType=data)))

    assert [one.kind for one in regions] == [kind]


def test_box_is_half_open_and_clipped() -> None:
    inside = region(RegionLocationMinX0=5, RegionLocationMinY0=2, RegionLocationMaxX1=9, RegionLocationMaxY1=3)
    over_by_one = region(RegionLocationMaxX1=30, RegionLocationMaxY1=20)

    regions, notes = read_regions(header(inside, over_by_one))

    assert [one.box for one in regions] == [(2, 5, 4, 10), (0, 0, 20, 30)]
    assert notes == []


def test_box_far_outside_makes_the_calibration_doubtful() -> None:
    regions, notes = read_regions(header(region(RegionLocationMaxX1=59, RegionLocationMaxY1=39)))

    assert regions[0].box == (0, 0, 20, 30)
    assert regions[0].spacing_mm is not None
    assert len(notes) == 1
    assert "its spacing may be wrong" in notes[0]


def test_region_without_location_or_without_pixels_is_left_out() -> None:
    empty = region(RegionLocationMinX0=25, RegionLocationMaxX1=10)

    regions, notes = read_regions(header(region(RegionLocationMinX0=None), empty))

    assert regions == ()
    assert notes == ["a region without location is left out"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, (0.1, 0.2)),
        ({"PhysicalDeltaY": -0.01}, (0.1, 0.2)),  # the direction of an axis
        ({"PhysicalUnitsYDirection": 4}, None),
        ({"PhysicalUnitsXDirection": 0}, None),
        ({"PhysicalDeltaX": 0.0}, None),
        ({"PhysicalDeltaX": float("nan")}, None),
        ({"PhysicalDeltaX": float("inf")}, None),
        ({"PhysicalDeltaX": None}, None),
    ],
)
def test_spacing_of_a_region(changes: dict[str, Any], expected: tuple[float, float] | None) -> None:
    regions, _ = read_regions(header(region(**changes)))

    assert regions[0].spacing_mm == (None if expected is None else pytest.approx(expected))


def spacing(made: Dataset) -> tuple[tuple[float, float] | None, list[str]]:
    return read_spacing(made, read_regions(made)[0])


def test_largest_b_mode_region_gives_the_spacing_and_the_difference_is_noted() -> None:
    large, small = region(), region(RegionLocationMaxX1=9, PhysicalDeltaX=0.03)

    value, notes = spacing(header(small, large))

    assert value == pytest.approx((0.1, 0.2))
    assert notes == ["b-mode regions differ in pixel size (0.1 x 0.2, 0.1 x 0.3 mm); spacing is the largest region's"]


def test_two_alike_regions_are_not_worth_a_note() -> None:
    assert spacing(header(region(RegionLocationMaxX1=14), region(RegionLocationMinX0=15)))[1] == []


def test_b_mode_goes_before_larger_colour_flow() -> None:
    flow = region(RegionDataType=2, PhysicalDeltaX=0.05)
    small = region(RegionLocationMaxX1=9)

    assert spacing(header(flow, small))[0] == pytest.approx((0.1, 0.2))
    assert spacing(header(flow))[0] == pytest.approx((0.1, 0.5))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [({"PixelSpacing": ["0.2", "0.3"]}, (0.2, 0.3)), ({"PixelSpacing": ["0", "0.3"]}, None), ({}, None)],
)
def test_without_regions_pixel_spacing_counts(changes: dict[str, Any], expected: tuple[float, float] | None) -> None:
    assert spacing(header(**changes))[0] == expected
