"""What all engines refuse: parameters that make no sense for single frames, and lesions too small for features."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from USHarmonizationLib.errors import InputError, UsageError

# Fewer pixels have no neighbours to speak of.
LEAST_PIXELS = 16

# Images that pyradiomics makes of volumes only; of a single frame it leaves them out without an error.
VOLUME_IMAGES = {"LoG", "LBP3D"}

# Settings that do not change any value.
IRRELEVANT = ("additionalInfo", "label", "label_channel", "geometryTolerance", "correctMask")


def check_for_frames(
    file: Path, settings: Mapping[str, Any], images: Collection[str], classes: Collection[str]
) -> None:
    """Refuse what pyradiomics would take, but not mean.

    Args:
        file: where the parameters stand, for the message.
        settings, images, classes: its settings with defaults, its image types and feature classes.

    Raises:
        UsageError: they are for volumes.
    """
    if not settings.get("force2D"):
        raise UsageError(f"parameters {file}: force2D is off; needed: force2D: true, since each frame is a plane")
    if (axis := settings.get("force2Ddimension", 0)) != 0:
        raise UsageError(f"parameters {file}: force2Ddimension is {axis}; needed: 0, the axis across the frame")
    if volumes := sorted(VOLUME_IMAGES & set(images)):
        raise UsageError(f"parameters {file}: the image type {volumes[0]} needs volumes; remove it")
    if (label := settings.get("label", 1)) != 1:
        raise UsageError(f"parameters {file}: label is {label}; name labels in the cohort's column label instead")
    if "shape" in classes:  # also where no classes are named
        wanted = "name the classes that are wanted under featureClass, shape2D among them"
        raise UsageError(f"parameters {file}: the class shape is of volumes; {wanted}")


def check_lesion(image: NDArray[np.floating[Any]], mask: NDArray[np.bool_]) -> None:
    """Refuse lesions of another size than their frame, too small, a line, or without tissue around.

    Raises:
        InputError: it is one of these.
    """
    if image.ndim != 2 or mask.shape != image.shape:
        raise InputError(f"a lesion mask of shape {mask.shape} for a frame of shape {image.shape}; needed: the same")
    count = int(mask.sum())
    if count < LEAST_PIXELS:
        pixels = "1 pixel" if count == 1 else f"{count} pixels"
        raise InputError(f"the lesion has {pixels}; needed for features: at least {LEAST_PIXELS}")
    if mask.all():
        raise InputError("the lesion covers the whole image; needed: tissue around it, which pyradiomics insists on")
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if rows[0] == rows[-1] or columns[0] == columns[-1]:
        raise InputError("the lesion is a line one pixel wide; needed: an area")
