"""What a study's features were computed with, where the parameter file can still be found."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from USHarmonizationLib.errors import UsageError

from ..extraction.engine import find_engine, parameter_file

CLASSES = {
    "firstorder": "first order",
    "shape2D": "2D shape",
    "glcm": "GLCM",
    "glrlm": "GLRLM",
    "glszm": "GLSZM",
    "gldm": "GLDM",
    "ngtdm": "NGTDM",
}


def radiomics_facts(settings: Mapping[str, Any]) -> dict[str, str]:
    """Facts on the extraction, by name (see ``facts``).

    Without the engine, or where the parameter file is no longer the one that was used, those on its content are left
    out: the checksum in the results says whether it is.
    """
    facts = {}
    engine, used = settings.get("radiomics_engine"), settings.get("radiomics_parameters")
    if engine:
        facts["extractor"] = (
            f"{engine}, 2D; parameters {used or 'unknown'}; the same mask before and after harmonization."
        )
    content = _content(settings.get("params"), str(used or ""))
    if content is None:
        return facts
    setting, images, classes = content["setting"], content["imageType"], content["featureClass"]
    spacing = setting.get("resampledPixelSpacing")
    facts["resampling"] = (
        f"To {spacing} mm, {setting.get('interpolator', 'default interpolator')}."
        if spacing
        else "None: pixels as acquired."
    )
    if setting.get("binCount"):
        facts["discretization"] = f"Fixed number of {setting['binCount']} bins."
    else:
        facts["discretization"] = f"Fixed bin width of {setting.get('binWidth', 25):g} grey levels on the 8-bit scale."
    facts["image_types"] = ", ".join(name for name in images) + "."
    facts["classes"] = ", ".join(CLASSES.get(name, name) for name in classes) + "."
    return facts


def _content(name: str | None, used: str) -> dict[str, Any] | None:
    try:
        parameters = find_engine().parameters(parameter_file(name))
    except UsageError:
        return None
    if parameters.digest not in used:
        return None
    content: dict[str, Any] = json.loads(parameters.content)
    return content
