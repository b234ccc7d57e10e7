"""pyradiomics as an engine: its own values to the bit, in a fraction of its time.

Where filters look no further than a few pixels (none, wavelet), the lesion and a margin are cut out of the frame before
they run. The wavelet transform is circular: near the frame's border it takes in pixels of the opposite side. So it does
here, with a warning.
"""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from USHarmonizationLib.errors import InputError, UsageError
from USHarmonizationLib.lesion_window import exact_window, touches_border

from .engine import Features, Parameters

# Fewer pixels have no neighbours to speak of.
LEAST_PIXELS = 16

# Images that depend on nothing further away than a filter reaches.
LOCAL_IMAGES = {"Original", "Wavelet"}
# Images that pyradiomics makes of volumes only; of a single frame it leaves them out without an error.
VOLUME_IMAGES = {"LoG", "LBP3D"}

# Settings that do not change any value.
IRRELEVANT = ("additionalInfo", "label", "label_channel", "geometryTolerance", "correctMask")

# Pixels between what a filter reaches and the end of a window: some more cost nothing.
SPARE = 2


@dataclass(frozen=True)
class PyradiomicsEngine:
    """See ``engine.Engine``."""

    @property
    def name(self) -> str:
        import radiomics

        return f"pyradiomics {radiomics.__version__.lstrip('v')}"

    def parameters(self, file: Path) -> Parameters:
        extractor = _read(file)
        settings = {name: value for name, value in extractor.settings.items() if name not in IRRELEVANT}
        _check(file, settings, extractor)
        classes = {name: features or _all_features(name) for name, features in extractor.enabledFeatures.items()}
        images = {name: dict(custom or {}) for name, custom in extractor.enabledImagetypes.items()}
        content = {"setting": settings, "imageType": images, "featureClass": classes}
        return Parameters(file.name, json.dumps(content))

    def extract(
        self,
        image: NDArray[np.floating[Any]],
        mask: NDArray[np.bool_],
        parameters: Parameters,
        spacing_mm: tuple[float, float] = (1.0, 1.0),
    ) -> Features:
        _check_lesion(image, mask)
        plan = _plan(parameters.content)
        window, lesion = np.asarray(image, dtype=np.float64), mask
        if plan.local:
            place = exact_window(mask, plan.reach, SPARE)
            window, lesion = window[place], mask[place]
        if not np.isfinite(window).all():
            raise InputError("the brightness in or around the lesion is not finite")
        try:
            values = plan.extractor.features(window, lesion, spacing_mm)
        except ValueError as error:
            raise InputError(f"pyradiomics refuses the lesion: {' '.join(str(error).split())}") from None
        return Features(values, tuple(plan.warnings(mask)))


@dataclass(frozen=True)
class _Plan:
    """How to compute the features of one set of parameters.

    Attributes:
        extractor: made ready.
        local: whether the lesion may be cut out of its frame.
        reach: pixels that filters look back and ahead.
    """

    extractor: Any
    local: bool
    reach: tuple[int, int]

    def warnings(self, mask: NDArray[np.bool_]) -> list[str]:
        if any(touches_border(mask, self.reach, axis) for axis in (0, 1)):
            return ["the lesion touches the image's border: its wavelet features take in pixels of the opposite side"]
        return []


@lru_cache(maxsize=4)
def _plan(content: str) -> _Plan:
    from USHarmonizationLib.fast_pyradiomics import FastExtractor

    wanted = json.loads(content)
    settings, images = wanted["setting"], wanted["imageType"]
    extractor = FastExtractor(**settings, additionalInfo=False)
    extractor.enabledImagetypes, extractor.enabledFeatures = images, wanted["featureClass"]
    local = (
        set(images) <= LOCAL_IMAGES
        and not settings.get("normalize")
        and not settings.get("resampledPixelSpacing")
        and not settings.get("preCrop")
    )
    reach = _reach({**settings, **images["Wavelet"]}) if "Wavelet" in images else (0, 0)
    return _Plan(extractor, local, reach)


def _reach(settings: Mapping[str, Any]) -> tuple[int, int]:
    """How many pixels back and ahead a wavelet coefficient depends on: where an impulse leaves its mark."""
    import pywt

    wavelet = pywt.Wavelet(settings.get("wavelet", "coif1"))
    middle = 2 * wavelet.dec_len
    impulse = np.zeros(2 * middle)
    impulse[middle] = 1
    marks = np.flatnonzero(np.any(pywt.swt(impulse, wavelet, level=1)[0], axis=0)) - middle
    levels = settings.get("start_level", 0) + settings.get("level", 1)
    return max(0, int(marks[-1])) * levels, max(0, -int(marks[0])) * levels


def _read(file: Path) -> Any:
    from USHarmonizationLib.fast_pyradiomics import FastExtractor

    logger = logging.getLogger("pykwalify")
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)  # it would say on the screen what the error says
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of how it loads its checks
            return FastExtractor(str(file))
    except Exception as error:  # of the YAML parser, the schema and its functions, each with their own
        said = getattr(error, "msg", None) or str(error)
        why = " ".join(str(said).replace("\\n", " ").split())
        raise UsageError(f"parameters {file}: {why or type(error).__name__}") from None
    finally:
        logger.setLevel(before)


def _check(file: Path, settings: Mapping[str, Any], extractor: Any) -> None:
    """What pyradiomics would take, but not mean."""
    images, classes = extractor.enabledImagetypes, extractor.enabledFeatures
    if not settings.get("force2D"):
        raise UsageError(f"parameters {file}: force2D is off; needed: force2D: true, since each frame is a plane")
    if settings.get("force2Ddimension", 0) != 0:
        found = settings["force2Ddimension"]
        raise UsageError(f"parameters {file}: force2Ddimension is {found}; needed: 0, the axis across the frame")
    if volumes := sorted(VOLUME_IMAGES & set(images)):
        raise UsageError(f"parameters {file}: the image type {volumes[0]} needs volumes; remove it")
    if extractor.settings.get("label", 1) != 1:
        found = extractor.settings["label"]
        raise UsageError(f"parameters {file}: label is {found}; name labels in the cohort's column label instead")
    if "shape" in classes:  # also where no classes are named
        wanted = "name the classes that are wanted under featureClass, shape2D among them"
        raise UsageError(f"parameters {file}: the class shape is of volumes; {wanted}")


def _all_features(name: str) -> list[str]:
    from radiomics import getFeatureClasses

    return [feature for feature, deprecated in getFeatureClasses()[name].getFeatureNames().items() if not deprecated]


def _check_lesion(image: NDArray[np.floating[Any]], mask: NDArray[np.bool_]) -> None:
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
