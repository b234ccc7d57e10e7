"""pyradiomics' features of one frame, the same to the bit as from pyradiomics itself, in a fraction of the time.

Same filters, same feature classes; three things are not done again and again: grey levels are put into bins once an
image instead of once a feature class, their range is found by numpy instead of by Python's ``min`` and ``max``, and the
names of a class's features are looked up once. Imports pyradiomics, so import it inside functions.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import SimpleITK
from numpy.typing import NDArray
from radiomics import featureextractor, getFeatureClasses, imageoperations, setVerbosity

# Above every level: what matters comes as an exception.
setVerbosity(60)

# Under this name the bins of an image go to its feature classes, among their settings.
_BINS = "_bins"


class FastExtractor(featureextractor.RadiomicsFeatureExtractor):  # type: ignore[misc]
    """pyradiomics' extractor; arguments are its own. Calls do not change it."""

    def features(
        self, image: NDArray[np.floating[Any]], mask: NDArray[np.bool_], spacing_mm: tuple[float, float] = (1.0, 1.0)
    ) -> dict[str, float]:
        """Features of one lesion, as ``execute`` gives them for a volume of one slice, diagnostics left out.

        Args:
            image: (rows, columns), floating point: pyradiomics' bins overflow in 8-bit integers under numpy 2.
            mask: (rows, columns), True in the lesion.
            spacing_mm: height and width of a pixel.

        Raises:
            ValueError: pyradiomics refuses the mask (one pixel, a line where an area is wanted).
        """
        volume = SimpleITK.GetImageFromArray(image[None])
        lesion = SimpleITK.GetImageFromArray(mask[None].astype(np.uint8))
        one: Any
        for one in (volume, lesion):
            one.SetSpacing((spacing_mm[1], spacing_mm[0], 1.0))
        with np.errstate(all="ignore"):
            found = self.execute(volume, lesion, label=1)
        return {name: float(value) for name, value in found.items() if not name.startswith("diagnostics")}

    def computeFeatures(  # noqa: N802 - pyradiomics' name
        self,
        image: Any,
        mask: Any,
        imageTypeName: str,  # noqa: N803 - pyradiomics' name
        **kwargs: Any,
    ) -> dict[str, Any]:
        settings = {**kwargs, _BINS: {}}
        found = {}
        for name, features in self.enabledFeatures.items():
            if not name.startswith("shape"):
                calculation = _with_shared_bins(name)(image, mask, **settings)
                for feature in features or ():
                    calculation.enableFeatureByName(feature)
                for feature, value in calculation.execute().items():
                    found[f"{imageTypeName}_{name}_{feature}"] = value
        return found


class _SharedBins:
    """Put before a feature class of pyradiomics: the first of an image fills the bins, the others take them."""

    def _applyBinning(self: Any, matrix: NDArray[Any]) -> NDArray[Any]:  # noqa: N802 - pyradiomics' name
        bins = self.settings[_BINS]
        if not bins:
            values = matrix[self.maskArray]
            # Edges depend on nothing but the lowest and the highest value.
            edges = imageoperations.getBinEdges(np.array([values.min(), values.max()]), **self.settings)
            levels = np.digitize(values, edges)
            bins["matrix"] = np.zeros(matrix.shape, dtype=int)
            bins["matrix"][self.maskArray] = levels
            bins["grayLevels"] = np.unique(levels)
            bins["Ng"] = int(bins["grayLevels"][-1])
        self.coefficients["grayLevels"], self.coefficients["Ng"] = bins["grayLevels"].copy(), bins["Ng"]
        return np.array(bins["matrix"])


@cache
def _with_shared_bins(name: str) -> Any:
    """The feature class ``name`` of pyradiomics, with shared bins, and its features' names at hand."""
    theirs = getFeatureClasses()[name]
    names = theirs.getFeatureNames()
    own = {"getFeatureNames": classmethod(lambda cls: names), "__module__": theirs.__module__}  # it names the logger
    return type(theirs.__name__, (_SharedBins, theirs), own)
