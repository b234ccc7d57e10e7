"""Harmonizers: a bundle's network, Fourier domain adaptation, histogram matching."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UsageError

if TYPE_CHECKING:
    from .base import Harmonizer

# Methods that need no bundle, but frames of the target scanner.
PLAIN_METHODS = ("fda", "histogram")
# What a bundle calls a scanner that it does not know.
UNKNOWN = "unknown"


def load_harmonizer(
    name_or_path: str | Path,
    reference: Path | None = None,
    device: str = "auto",
    threads: int | None = None,
    beta: float | None = None,
) -> Harmonizer:
    """The harmonizer of this name, ready to run.

    Args:
        name_or_path: folder or name of a bundle, ``fda`` or ``histogram``.
        reference: image or folder of images of the target scanner, for ``fda`` and ``histogram`` only.
        device, threads: where a network runs, see ``network.NetworkHarmonizer``.
        beta: for ``fda`` with a reference only, see ``fda.FourierHarmonizer``; None for its default.

    Raises:
        UsageError: there is no such harmonizer, it is broken, or a reference is missing, unusable or not wanted; so is
            ``beta``.
    """
    from .fda import FourierHarmonizer
    from .histogram import HistogramHarmonizer

    methods: dict[str, type[FourierHarmonizer] | type[HistogramHarmonizer]] = {
        "fda": FourierHarmonizer,
        "histogram": HistogramHarmonizer,
    }
    method = str(name_or_path)
    if beta is not None and method != "fda":
        raise UsageError(f"--beta goes with fda only, not with {method}")
    if method in methods:
        if reference is None:
            raise UsageError(f"{method} needs --reference: an image or a folder of images of the target scanner")
        if beta is not None:
            return FourierHarmonizer.from_reference(reference, beta)
        return methods[method].from_reference(reference)
    if reference is not None:
        raise UsageError(f"--reference goes with {' or '.join(PLAIN_METHODS)} only; {method} brings its target along")

    from ..bundle import find_bundle
    from .network import NetworkHarmonizer

    bundle = find_bundle(name_or_path)
    entry = bundle.networks["generator"]
    if entry.settings["name"] in methods:
        made = methods[entry.settings["name"]].from_stored(entry.settings, bundle.weights(), bundle.name)
        # One that was fitted to images of the target alone is for any scanner.
        made.source, made.target = ("" if bundle.source == UNKNOWN else bundle.source), bundle.target
        made.training_patients = bundle.training_patients
        return made
    return NetworkHarmonizer(bundle, device, threads)
