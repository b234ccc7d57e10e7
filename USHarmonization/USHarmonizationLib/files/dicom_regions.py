"""The calibrated regions of an ultrasound screen, and what they say about spacing and modes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..image import Region

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

# Region Spatial Format and Region Data Type (PS3.3 C.8.5.5.1.1 and C.8.5.5.1.2).
TWO_DIMENSIONAL, M_MODE, SPECTRAL = 1, 2, 3
TISSUE, COLOUR_FLOW = 1, 2
CENTIMETRE = 3
# A box may end this many pixels outside the image before it is doubtful: writers disagree on whether it is half open.
BOX_TOLERANCE = 2

# Image Type, value 4 (PS3.3 C.8.5.6.1.1): the modes that make no two-dimensional picture.
MODES_WITHOUT_PICTURE = {0x2: "M-mode", 0x4: "CW Doppler", 0x8: "PW Doppler", 0x20: "colour M-mode"}


def read_regions(header: Dataset) -> tuple[tuple[Region, ...], list[str]]:
    """The regions in the order of the file, clipped to the image, and what is doubtful about them."""
    rows, columns = int(header.Rows), int(header.Columns)
    regions: list[Region] = []
    notes: list[str] = []
    for item in header.get("SequenceOfUltrasoundRegions") or ():
        corners: list[Any] = [item.get(f"RegionLocation{corner}") for corner in ("MinY0", "MinX0", "MaxY1", "MaxX1")]
        if None in corners:
            notes.append("a region without location is left out")
            continue
        row0, column0, row1, column1 = (int(corner) for corner in corners)
        box = (max(row0, 0), max(column0, 0), min(row1 + 1, rows), min(column1 + 1, columns))
        if max(row1 + 1 - rows, column1 + 1 - columns) > BOX_TOLERANCE:
            notes.append(
                f"a region ends at row {row1}, column {column1} of an image of {rows} x {columns}: "
                "cropped or scaled after calibration, its spacing may be wrong"
            )
        if box[0] < box[2] and box[1] < box[3]:
            regions.append(Region(box, _region_kind(item), _region_spacing(item)))
    return tuple(regions), notes


def _region_kind(item: Dataset) -> str:
    spatial, data = item.get("RegionSpatialFormat"), item.get("RegionDataType")
    if spatial == TWO_DIMENSIONAL:
        return {TISSUE: "b-mode", COLOUR_FLOW: "colour"}.get(data, "other")
    return {M_MODE: "m-mode", SPECTRAL: "spectral"}.get(spatial, "other")


def _region_spacing(item: Dataset) -> tuple[float, float] | None:
    if item.get("PhysicalUnitsXDirection") != CENTIMETRE or item.get("PhysicalUnitsYDirection") != CENTIMETRE:
        return None
    return _lengths([item.get("PhysicalDeltaY"), item.get("PhysicalDeltaX")], 10.0)


def _lengths(values: Any, millimetres: float) -> tuple[float, float] | None:
    """Height and width in mm, None unless both are finite and not zero; the sign of a delta is that of an axis."""
    try:
        height, width = (abs(float(value)) * millimetres for value in values)
    except (TypeError, ValueError):
        return None
    return (height, width) if 0 < height < np.inf and 0 < width < np.inf else None


def without_picture(header: Dataset, regions: tuple[Region, ...]) -> str:
    """Why an image has no two-dimensional picture by its own account; "" where it has one or does not say."""
    kinds = {region.kind for region in regions}
    if kinds & {"m-mode", "spectral"} and not kinds & {"b-mode", "colour"}:
        return f"its regions are {' and '.join(sorted(kinds - {'other'}))} (Doppler or M-mode only)"
    image_type: Any = header.get("ImageType") or ()
    modes = str(image_type[3]) if not isinstance(image_type, str) and len(image_type) > 3 else ""
    if regions or len(modes) != 4 or not set(modes) <= set("0123456789ABCDEFabcdef"):
        return ""
    bits = {1 << position for position in range(16) if int(modes, 16) >> position & 1}
    if not bits or not bits <= set(MODES_WITHOUT_PICTURE):
        return ""
    return f"its image type says {' and '.join(MODES_WITHOUT_PICTURE[bit] for bit in sorted(bits))} only"


def read_spacing(header: Dataset, regions: tuple[Region, ...]) -> tuple[tuple[float, float] | None, list[str]]:
    """Height and width of a pixel in mm, None where the file does not say, and what is doubtful about them."""
    for kind in ("b-mode", "colour", "other"):
        calibrated = [(_area(region), region.spacing_mm) for region in regions if region.kind == kind]
        sizes = [(area, spacing) for area, spacing in calibrated if spacing is not None]
        if sizes:
            different = sorted({f"{height:.4g} x {width:.4g}" for _, (height, width) in sizes})
            doubt = f"{kind} regions differ in pixel size ({', '.join(different)} mm); spacing is the largest region's"
            return max(sizes)[1], [doubt] if len(different) > 1 else []
    return _lengths(header.get("PixelSpacing") or (), 1.0), []


def _area(region: Region) -> int:
    row0, column0, row1, column1 = region.box
    return (row1 - row0) * (column1 - column0)


def text(dataset: Dataset, keyword: str) -> str:
    """A value as text without blanks at its ends; "" where there is none."""
    value = dataset.get(keyword)
    return "" if value is None else str(value).strip()
