"""The project's own engine: what stands in for pyradiomics where that cannot be installed.

Features of the same names, by the same formulas, computed in numpy and scipy (``numpy_features``). Values agree with
pyradiomics 3.0.1 to rounding; settings that the project's parameter files do not use are refused, not approximated.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from USHarmonizationLib.errors import InputError, UsageError
from USHarmonizationLib.lesion_window import exact_window

from .engine import NUMPY_ENGINE, Features, Parameters
from .frame_checks import IRRELEVANT, check_for_frames, check_lesion
from .numpy_features.binning import Floats, levels
from .numpy_features.first_order import first_order
from .numpy_features.glcm import glcm
from .numpy_features.gldm import gldm
from .numpy_features.glrlm import glrlm
from .numpy_features.glszm import glszm
from .numpy_features.lesion import Lesion
from .numpy_features.ngtdm import ngtdm
from .numpy_features.shape2d import shape2d
from .numpy_features.wavelet import WAVELET, wavelet_bands
from .wavelet_reach import SPARE, border_warnings, wavelet_reach

# Raised whenever a value changes: tables and models of another version do not compare.
VERSION = "1"

SHAPE, FIRST_ORDER = "shape2D", "firstorder"
TEXTURES = {"glcm": glcm, "gldm": gldm, "glrlm": glrlm, "glszm": glszm, "ngtdm": ngtdm}
CLASSES = (SHAPE, FIRST_ORDER, *TEXTURES)
IMAGES = ("Original", "Wavelet")

# pyradiomics' defaults, which belong to the parameters: those of one file are the same whichever engine reads it.
DEFAULTS: dict[str, Any] = {
    "minimumROIDimensions": 2,
    "minimumROISize": None,
    "normalize": False,
    "normalizeScale": 1,
    "removeOutliers": None,
    "resampledPixelSpacing": None,
    "interpolator": "sitkBSpline",
    "preCrop": False,
    "padDistance": 5,
    "distances": [1],
    "force2D": False,
    "force2Ddimension": 0,
    "resegmentRange": None,
}

# The only values that are understood of settings that others than the default would change the features by.
ONLY: dict[str, tuple[Any, ...]] = {
    "minimumROIDimensions": (1, 2),  # a lesion is an area
    "minimumROISize": (None,),
    "normalize": (False,),
    "resampledPixelSpacing": (None,),
    "preCrop": (False,),
    "distances": ([1],),
    "resegmentRange": (None,),
    "wavelet": (WAVELET,),
    "start_level": (0,),
    "level": (1,),
    "symmetricalGLCM": (True,),
    "weightingNorm": (None,),
    "gldm_a": (0,),
}

# Parts of what those would do, or of other image types: without them they mean nothing.
WITHOUT_MEANING = (
    "normalizeScale",
    "removeOutliers",
    "interpolator",
    "padDistance",
    "resegmentMode",
    "resegmentShape",
    "sigma",
    "gradientUseSpacing",
    "lbp2DRadius",
    "lbp2DSamples",
    "lbp2DMethod",
    "lbp3DLevels",
    "lbp3DIcosphereRadius",
    "lbp3DIcosphereSubdivision",
)
OWN = ("binWidth", "binCount", "voxelArrayShift", "force2D", "force2Ddimension")
KNOWN = {*OWN, *ONLY, *WITHOUT_MEANING, *IRRELEVANT}


@dataclass(frozen=True)
class NumpyEngine:
    """See ``engine.Engine``."""

    @property
    def name(self) -> str:
        return f"{NUMPY_ENGINE} {VERSION}"

    def parameters(self, file: Path) -> Parameters:
        content = _read(file)
        settings = {**DEFAULTS, **_mapping(file, content, "setting")}
        images = {name: custom or {} for name, custom in _mapping(file, content, "imageType").items()}
        images = images or {"Original": {}}
        classes = _mapping(file, content, "featureClass")
        check_for_frames(file, settings, images, classes or ["shape"])
        for name, custom in images.items():
            if name not in IMAGES:
                raise UsageError(f"parameters {file}: the image type {name} {_needs_pyradiomics(IMAGES)}")
            if not isinstance(custom, dict):
                raise UsageError(f"parameters {file}: the image type {name} is {custom}; needed: its settings or none")
            _check_settings(file, {**settings, **custom})
        wanted = {name: _features(file, name, features) for name, features in classes.items()}
        used = {name: value for name, value in settings.items() if name not in IRRELEVANT}
        return Parameters(file.name, json.dumps({"setting": used, "imageType": images, "featureClass": wanted}))

    def extract(
        self,
        image: NDArray[np.floating[Any]],
        mask: NDArray[np.bool_],
        parameters: Parameters,
        spacing_mm: tuple[float, float] = (1.0, 1.0),
    ) -> Features:
        check_lesion(image, mask)
        wanted = _wanted(parameters.content)
        settings, images, classes = wanted["setting"], wanted["imageType"], wanted["featureClass"]
        reach = wavelet_reach({}) if "Wavelet" in images else (0, 0)
        place = exact_window(mask, reach, SPARE)
        window, inside = np.asarray(image[place], dtype=np.float64), np.asarray(mask[place], dtype=bool)
        if not np.isfinite(window).all():
            raise InputError("the brightness in or around the lesion is not finite")
        lesion, values = Lesion(inside), {}
        if SHAPE in classes:
            found = shape2d(inside, spacing_mm)
            values = {f"original_{SHAPE}_{feature}": found[feature] for feature in classes[SHAPE]}
        for image_type, custom in images.items():
            bands = [("original", window)] if image_type == "Original" else wavelet_bands(window)
            for band, pixels in bands:
                values |= _of_image(band, pixels[inside], lesion, {**settings, **custom}, classes, spacing_mm)
        return Features(values, border_warnings(mask, reach))


def _of_image(
    name: str,
    brightness: Floats,
    lesion: Lesion,
    settings: Mapping[str, Any],
    classes: Mapping[str, list[str]],
    spacing_mm: tuple[float, float],
) -> dict[str, float]:
    bins = levels(brightness, settings.get("binWidth", 25), settings.get("binCount"))
    values = {}
    for group, features in classes.items():
        if group == SHAPE:
            continue
        if group == FIRST_ORDER:
            shift = settings.get("voxelArrayShift", 0)
            found = first_order(brightness, bins, spacing_mm[0] * spacing_mm[1], shift)
        else:
            found = TEXTURES[group](lesion, bins)
        values.update({f"{name}_{group}_{feature}": found[feature] for feature in features})
    return values


@lru_cache(maxsize=4)
def _wanted(content: str) -> Any:
    return json.loads(content)


def _read(file: Path) -> dict[str, Any]:
    import yaml

    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError(f"parameters {file}: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict) or not content:
        raise UsageError(f"parameters {file}: no parameters in it; needed: setting, imageType and featureClass")
    for name in content:
        if name not in ("setting", "imageType", "featureClass"):
            raise UsageError(f"parameters {file}: {name} is not known; needed: setting, imageType or featureClass")
    return content


def _mapping(file: Path, content: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = content.get(name) or {}
    if not isinstance(found, dict):
        raise UsageError(f"parameters {file}: {name} is {found}; needed: names with their values")
    return found


def _check_settings(file: Path, settings: Mapping[str, Any]) -> None:
    for name, value in settings.items():
        if name not in KNOWN:
            raise UsageError(f"parameters {file}: there is no setting {name}")
        if name in ONLY and not any(_same(value, only) for only in ONLY[name]):
            raise UsageError(f"parameters {file}: the setting {name}: {value} {_needs_pyradiomics(ONLY[name])}")
    width, count, shift = settings.get("binWidth", 25), settings.get("binCount"), settings.get("voxelArrayShift", 0)
    if not _is_number(width) or width <= 0:
        raise UsageError(f"parameters {file}: binWidth is {width}; needed: a number above 0")
    if count is not None and (not _is_number(count) or count != int(count) or count < 1):
        raise UsageError(f"parameters {file}: binCount is {count}; needed: a whole number above 0")
    if not _is_number(shift) or shift != int(shift):
        raise UsageError(f"parameters {file}: voxelArrayShift is {shift}; needed: a whole number")


def _features(file: Path, group: str, wanted: Any) -> list[str]:
    if group not in CLASSES:
        raise UsageError(f"parameters {file}: there is no feature class {group}; needed: {', '.join(CLASSES)}")
    known = _names()[group]
    if not wanted:
        return known
    if not isinstance(wanted, list):
        raise UsageError(f"parameters {file}: {group} is {wanted}; needed: a list of features, or nothing for all")
    for name in wanted:
        if name not in known:
            raise UsageError(f"parameters {file}: the feature {name} of {group} {_needs_pyradiomics(known)}")
    return wanted


@cache
def _names() -> dict[str, list[str]]:
    """The features of each class: those of any lesion."""
    mask = np.ones((2, 2), dtype=bool)
    bins = levels(np.arange(4.0), 2, None)
    names = {SHAPE: list(shape2d(mask, (1, 1))), FIRST_ORDER: list(first_order(np.arange(4.0), bins, 1, 0))}
    return names | {group: list(texture(Lesion(mask), bins)) for group, texture in TEXTURES.items()}


def _needs_pyradiomics(known: Any) -> str:
    return f"needs pyradiomics, which is not in use here; without it: {', '.join(str(one) for one in known)}"


def _same(value: Any, only: Any) -> bool:
    """Equal, and True is not 1."""
    return bool(value == only and isinstance(value, bool) == isinstance(only, bool))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and bool(np.isfinite(value))
