"""The imaged area: shapes whose true outline is known, then real files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from real_dicom import real_dicom
from scipy import ndimage

from USHarmonizationLib.files import read_image
from USHarmonizationLib.image import Region, UltrasoundImage
from USHarmonizationLib.sector import find_sector

Mask = NDArray[np.bool_]
SIZE = (360, 480)


def speckle(size: tuple[int, ...] = SIZE, seed: int = 0) -> NDArray[np.uint8]:
    """Fully developed speckle: Rayleigh amplitude, some pixels of which are black."""
    rng = np.random.default_rng(seed)
    field = ndimage.gaussian_filter(rng.normal(size=(2, *size)), (0, 0.8, 1.6))
    amplitude = np.hypot(*field)
    return np.clip(70 * amplitude / amplitude.mean() - 15, 0, 255).astype(np.uint8)


def image(*frames: NDArray[np.uint8], regions: tuple[Region, ...] = (), photometric: str = "") -> UltrasoundImage:
    return UltrasoundImage(np.stack(frames), (0, 255), regions=regions, photometric=photometric or "MONOCHROME2")


def on_screen(area: Mask, tissue: NDArray[np.uint8] | None = None, text: bool = True) -> NDArray[np.uint8]:
    """A scanner's screen: tissue in the area, lines of text and a grey bar beside it, black elsewhere."""
    frame = np.where(area, speckle(area.shape) if tissue is None else tissue, 0).astype(np.uint8)
    if text:
        picture = Image.fromarray(frame)
        draw = ImageDraw.Draw(picture)
        for line, words in enumerate(("Adult Echo", "18 Hz  15 cm", "2D 59%", "C 50  P Low")):
            draw.text((4, 4 + 12 * line), words, fill=230)
        draw.rectangle((area.shape[1] - 12, 40, area.shape[1] - 6, 140), fill=180)
        frame = np.asarray(picture)
    return frame


def rectangle(box: tuple[int, int, int, int], size: tuple[int, int] = SIZE) -> Mask:
    area = np.zeros(size, dtype=bool)
    area[box[0] : box[2], box[1] : box[3]] = True
    return area


def fan(centre: tuple[float, float], near: float, far: float, angle: float, size: tuple[int, int] = SIZE) -> Mask:
    """Sector of a ring around ``centre`` (row, column), ``angle`` degrees to both sides of straight down."""
    rows, columns = np.mgrid[: size[0], : size[1]]
    radius = np.hypot(rows - centre[0], columns - centre[1])
    return (
        (radius >= near)
        & (radius <= far)
        & (np.abs(np.degrees(np.arctan2(columns - centre[1], rows - centre[0]))) <= angle)
    )


def overlap(found: Mask, true: Mask) -> float:
    return float((found & true).sum() / (found | true).sum())


LINEAR = rectangle((30, 100, 330, 400))
CURVED = fan((-40.0, 240.0), 90, 370, 32)
PHASED = fan((20.0, 240.0), 2, 320, 40)


@pytest.mark.parametrize("area", [LINEAR, CURVED, PHASED], ids=["linear", "curved", "phased"])
def test_finds_the_area_of_each_kind_of_array(area: Mask) -> None:
    found = find_sector(image(on_screen(area)))
    assert overlap(found, area) > 0.975
    assert found[area].mean() > 0.985


def test_leaves_out_what_lies_above_a_curved_array() -> None:
    found = find_sector(image(on_screen(CURVED)))
    above = np.hypot(*(np.mgrid[: SIZE[0], : SIZE[1]] - np.array([-40.0, 240.0])[:, None, None])) < 86
    assert found[above].mean() < 0.05


def test_black_tissue_inside_belongs_to_it() -> None:
    tissue = speckle()
    tissue[120:260, 180:320] = 0  # a cyst
    tissue[240:, 100:360] = 0  # shadow down to the lower border, but for one side
    found = find_sector(image(on_screen(LINEAR, tissue)))
    assert overlap(found, LINEAR) > 0.97


def test_a_frame_cropped_to_tissue_is_all_sector_with_its_dark_deep_part() -> None:
    tissue = speckle()
    tissue[200:] = 0
    assert find_sector(image(tissue)).all()


def test_two_panels_beside_each_other() -> None:
    panels = rectangle((40, 20, 300, 220)) | rectangle((40, 260, 300, 460))
    found = find_sector(image(on_screen(panels, text=False)))
    assert overlap(found, panels) > 0.97
    assert not found[:, 230:250].any()


def test_searches_inside_the_regions_of_the_file() -> None:
    both = rectangle((40, 20, 300, 220)) | rectangle((40, 260, 300, 460))
    b_mode = Region((30, 10, 310, 230), "b-mode", None)
    doppler = Region((30, 250, 310, 470), "spectral", None)
    found = find_sector(image(on_screen(both), regions=(b_mode, doppler)))
    assert overlap(found, rectangle((40, 20, 300, 220))) > 0.97


def test_a_region_beyond_the_frame_does_no_harm() -> None:
    region = Region((0, 0, SIZE[0] + 50, SIZE[1] + 50), "b-mode", None)
    assert overlap(find_sector(image(on_screen(LINEAR, text=False), regions=(region,))), LINEAR) > 0.97


def test_in_a_cine_what_never_changes_is_no_tissue() -> None:
    still = rectangle((40, 20, 300, 200))  # a frozen picture beside the live one
    live = rectangle((40, 240, 300, 470))
    frames = [on_screen(still | live, np.where(still, speckle(), speckle(seed=seed))) for seed in range(1, 5)]
    found = find_sector(image(*frames))
    assert overlap(found, live) > 0.97


def test_frames_that_are_all_alike_are_seen_as_one() -> None:
    frame = on_screen(LINEAR)
    assert (find_sector(image(frame, frame, frame)) == find_sector(image(frame))).all()


def test_bright_surround_and_inverted_brightness() -> None:
    grey = np.where(LINEAR, speckle(), 96).astype(np.uint8)
    assert overlap(find_sector(image(grey)), LINEAR) > 0.97
    negative = 255 - on_screen(LINEAR)
    assert overlap(find_sector(image(negative, photometric="MONOCHROME1")), LINEAR) > 0.97


def test_an_uneven_surround_as_lossy_compression_leaves_it() -> None:
    noise = np.random.default_rng(1).integers(0, 3, SIZE)
    frame = np.where(LINEAR, speckle(), noise).astype(np.uint8)
    assert overlap(find_sector(image(frame)), LINEAR) > 0.97


def test_sparse_wires_in_water_span_the_sector() -> None:
    frame = np.zeros(SIZE, dtype=np.uint8)
    for row, column in [(60, 120), (60, 240), (60, 360), (200, 120), (200, 360), (320, 240)]:
        frame[row - 3 : row + 3, column - 8 : column + 8] = 200
    found = find_sector(image(frame))
    assert found[150, 240]
    assert found[62, 200]
    assert not found[20, 20]


def test_colour_inside_the_area_belongs_to_it() -> None:
    grey = on_screen(LINEAR, text=False)
    colour = np.stack([grey] * 3, axis=-1)
    colour[100:200, 200:300] = (200, 30, 0)
    found = find_sector(UltrasoundImage(colour[None], (0, 255), photometric="RGB"))
    assert overlap(found, LINEAR) > 0.97


@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 255))
def test_any_small_frame_gives_a_mask_of_its_size(rows: int, columns: int, level: int) -> None:
    found = find_sector(image(np.full((rows, columns), level, dtype=np.uint8)))
    assert found.shape == (rows, columns)
    assert found.dtype == bool


def test_nothing_but_surround_has_no_sector() -> None:
    assert not find_sector(image(np.zeros(SIZE, dtype=np.uint8))).any()


def test_memory_does_not_grow_with_the_number_of_frames() -> None:
    frame = on_screen(LINEAR)
    endless = np.broadcast_to(frame, (200_000, *SIZE))  # 32 GiB, if ever it were copied
    assert overlap(find_sector(UltrasoundImage(endless, (0, 255))), LINEAR) > 0.97


def test_sixteen_bits() -> None:
    deep = UltrasoundImage(on_screen(LINEAR)[None].astype(np.uint16) * 257, (0, 65535))
    assert overlap(find_sector(deep), LINEAR) > 0.97


# Fractions of the frame, and points inside (row, column) and outside, read off pictures of the files.
REAL = {
    "pydicom-data/US1_UNCR.dcm": (0.49, [(200, 320), (260, 40)], [(30, 60), (430, 500)]),  # linear, two panels
    "pydicom-data/JPGLosslessP14SV1_1s_1f_8b.dcm": (0.31, [(300, 500), (500, 300)], [(60, 60), (740, 900)]),  # phased
    "pydicom-data/OBXXXX1A.dcm": (0.41, [(300, 460), (100, 460)], [(70, 460), (40, 40), (570, 100)]),  # curved, in air
    "pydicom-data/gdcm-US-ALOKA-16.dcm": (0.72, [(300, 200), (300, 500)], [(10, 100), (460, 300)]),  # dual
    "deid-data/RGB_IMAGE.dcm": (0.52, [(400, 480), (700, 480), (90, 480)], [(20, 20), (300, 60)]),  # curved, in air
    "deid-data/GREYSCALE_CINE.dcm": (0.63, [(500, 400), (80, 400)], [(20, 20), (300, 760)]),  # linear, in air
}


@pytest.mark.parametrize("name", REAL)
def test_real_files(name: str) -> None:
    fraction, inside, outside = REAL[name]
    found = find_sector(read_image(real_dicom(name)))
    assert found.mean() == pytest.approx(fraction, abs=0.04)
    assert all(found[point] for point in inside)
    assert not any(found[point] for point in outside)


def test_cropped_breast_images_are_all_sector(shared_data: Path) -> None:
    paths = sorted((shared_data / "busbra" / "Images").glob("*.png"))[::25]
    assert all(find_sector(read_image(path)).all() for path in paths)
