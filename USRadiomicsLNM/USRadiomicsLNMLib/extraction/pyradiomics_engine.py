"""pyradiomics as an engine: its own values to the bit, in a fraction of its time.

Where filters look no further than a few pixels (none, wavelet), the lesion and a margin are cut out of the frame before
they run. The wavelet transform is circular: near the frame's border it takes in pixels of the opposite side. So it does
here, with a warning.
"""

from __future__ import annotations

import json
import logging
import warnings
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from USHarmonizationLib.errors import InputError, UsageError
from USHarmonizationLib.lesion_window import exact_window

from .engine import Features, Parameters
from .frame_checks import IRRELEVANT, check_for_frames, check_lesion
from .wavelet_reach import SPARE, border_warnings, wavelet_reach

# Images that depend on nothing further away than a filter reaches.
LOCAL_IMAGES = {"Original", "Wavelet"}


@dataclass(frozen=True)
class PyradiomicsEngine:
    """See ``engine.Engine``."""

    @property
    def name(self) -> str:
        import radiomics

        return f"pyradiomics {radiomics.__version__.lstrip('v')}"

    def parameters(self, file: Path) -> Parameters:
        extractor = _read(file)
        check_for_frames(file, extractor.settings, extractor.enabledImagetypes, extractor.enabledFeatures)
        settings = {name: value for name, value in extractor.settings.items() if name not in IRRELEVANT}
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
        check_lesion(image, mask)
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
        return Features(values, border_warnings(mask, plan.reach))


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
    reach = wavelet_reach({**settings, **images["Wavelet"]}) if "Wavelet" in images else (0, 0)
    return _Plan(extractor, local, reach)


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


def _all_features(name: str) -> list[str]:
    from radiomics import getFeatureClasses

    return [feature for feature, deprecated in getFeatureClasses()[name].getFeatureNames().items() if not deprecated]
