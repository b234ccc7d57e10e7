"""What every format has to hold to before its pixels are an ultrasound image, and which values mean black and white."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..image import UltrasoundImage

# A file may claim any size. Nothing near these limits is an ultrasound image; an uncompressed DICOM file ends at 4 GiB.
MAX_FRAME_PIXELS = 100_000_000
MAX_BYTES = 4 * 2**30 - 2**20

# Darker than this is background, which says nothing about what an image shows.
BACKGROUND = 0.04
# Below this share of grey pixels among the bright ones there is no B-mode in an image. Measured on real files: B-mode
# at least 0.5 (0.8 with a large colour box), a detail of a power Doppler box 0.08, photographs at most 0.17.
MIN_GREY = 0.2


def refused(path: Path, reason: object) -> InputError:
    """The error that says on one line why ``path`` is not processed."""
    return InputError(f"{path}: " + " ".join(str(reason).split()))


def check_size(path: Path, shape: tuple[int, ...], itemsize: int) -> None:
    """Refuse an image before memory is taken for it.

    Args:
        path: named in the error.
        shape: (frames, rows, columns) or (frames, rows, columns, channels).
        itemsize: bytes of one value.

    Raises:
        InputError: it has no pixels, more than 100 million a frame, or 4 GiB in all.
    """
    frames, rows, columns = shape[:3]
    if min(shape) < 1:
        raise refused(path, f"has no pixels ({frames} frames of {rows} x {columns})")
    if rows * columns > MAX_FRAME_PIXELS:
        raise refused(path, f"{rows} x {columns} pixels a frame; at most {MAX_FRAME_PIXELS // 10**6} million are read")
    size = int(np.prod(shape, dtype=object)) * itemsize
    if size > MAX_BYTES:
        raise refused(path, f"{frames} frames of {rows} x {columns} are {size / 2**30:.1f} GiB; at most 4 GiB are read")


def intensity_range(pixels: NDArray[np.generic]) -> tuple[float, float]:
    """The values that mean black and white where the file does not say.

    8 bits: 0 and 255. More bits, no negative value: 0 and the highest value of the fewest bits (8 at least) that hold
    all values, so that 12-bit data in 16-bit pixels has 4095 as white. Floating point: 0 and 1, or 0 and 255, whichever
    first holds all values. Anything else (negative values, larger floating-point ones): the lowest and the highest
    value. All values lie within the range, so that none is lost on the way to [0, 1] and back.

    Raises:
        ValueError: a value is not finite.
    """
    if pixels.dtype == np.uint8:
        return 0.0, 255.0
    low, high = float(pixels.min()), float(pixels.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ValueError("holds values that are not finite (NaN or infinity)")
    if low >= 0:
        if np.issubdtype(pixels.dtype, np.integer):
            return 0.0, float(2 ** max(8, int(high).bit_length()) - 1)
        for white in (1.0, 255.0):
            if high <= white:
                return 0.0, white
    return (low, high) if low < high else (low, low + max(1.0, abs(low)))


def check_content(image: UltrasoundImage) -> UltrasoundImage:
    """Refuse an image that shows no B-mode, whatever its header says; give back one that does.

    Conservative: it passes if any one of five frames spread over it has a fifth of its bright pixels grey. Where there
    are calibrated two-dimensional regions, pixels outside them do not count.

    Raises:
        InputError: all frames are blank (one value each), or hold next to nothing but colour (Doppler, a photograph).
    """
    if all(_blank(frame) for frame in image.pixels):
        raise refused(image.path, "is blank: each frame has the same value everywhere")
    if image.is_colour:
        chosen = np.unique(np.linspace(0, image.frames - 1, 5).astype(int))
        share = max(grey_share(image, int(frame)) for frame in chosen)
        if share < MIN_GREY:
            raise refused(
                image.path,
                f"shows no B-mode: {100 * (1 - share):.0f} % of its bright pixels are coloured "
                "(Doppler alone, a tinted image, or no ultrasound); needed: grey tissue",
            )
    return image


def grey_share(image: UltrasoundImage, frame: int) -> float:
    """Grey pixels among those brighter than the background; 1 where there is nothing but background."""
    low, high = image.intensity_range
    # A coloured pixel is as bright as its brightest channel: pure blue is dark by its luma.
    bright = image.pixels[frame].max(axis=-1) > low + BACKGROUND * (high - low)
    pictures = [region.box for region in image.regions if region.kind in ("b-mode", "colour")]
    if pictures:
        inside = np.zeros(image.size, dtype=bool)
        for row0, column0, row1, column1 in pictures:
            inside[row0:row1, column0:column1] = True
        bright &= inside
    return 1.0 - float(image.coloured(frame)[bright].mean()) if bright.any() else 1.0


def _blank(frame: NDArray[np.generic]) -> bool:
    return bool((frame == frame[0, 0]).all())
