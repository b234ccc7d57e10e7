"""The methods that a study compares. To add one: a line here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from USHarmonizationLib.errors import UsageError
from USHarmonizationLib.harmonizers import PLAIN_METHODS
from USHarmonizationLib.variants import DEFAULT_VARIANT, VARIANTS

ORIGINAL = "original"


@dataclass(frozen=True)
class Method:
    """A method.

    Attributes:
        name: in tables, and of folders. title: for people. summary: what it does, one line.
        images: whose images it takes: ``original``, one of the plain methods, or a variant.
        combat: whether the features go through ComBat.
    """

    name: str
    title: str
    summary: str
    images: str
    combat: bool = False


def _of_images(name: str, title: str, summary: str) -> Method:
    return Method(name, title, summary, images=name)


METHODS: Mapping[str, Method] = {
    method.name: method
    for method in (
        _of_images(ORIGINAL, "Original", "images as the scanners made them"),
        _of_images("histogram", "Histogram", "brightness distribution matched to that of the target's training images"),
        _of_images("fda", "FDA", "Fourier domain adaptation: low-frequency amplitude of the target's training images"),
        _of_images("cyclegan", "CycleGAN", VARIANTS["cyclegan"].summary),
        _of_images("cyclegan-sn", "CycleGAN + SN", VARIANTS["cyclegan-sn"].summary),
        _of_images("cyclegan-sn-se", "CycleGAN + SN + SE", "CycleGAN with spectral norm and channel attention"),
        _of_images("cyclegan-sn-se-mix", "CycleGAN + SN + SE + Mix", "the paper's model: also a hybrid cycle loss"),
        _of_images("texture", "Texture", VARIANTS["texture"].summary),
        Method("combat", "ComBat", "features of the original images through ComBat, in the folds", ORIGINAL, True),
        Method(
            f"{DEFAULT_VARIANT}+combat",
            f"{DEFAULT_VARIANT.capitalize()} + ComBat",
            f"features of the images of {DEFAULT_VARIANT} through ComBat, in the folds",
            DEFAULT_VARIANT,
            True,
        ),
    )
}


def chosen_methods(variants: Sequence[str]) -> tuple[Method, ...]:
    """The methods of a study with these trained variants, in the order of all tables.

    Raises:
        UsageError: a variant is unknown or named twice.
    """
    for name in variants:
        if name not in VARIANTS:
            raise UsageError(f"unknown variant {name!r}; known: {', '.join(VARIANTS)}")
    if len(set(variants)) < len(variants):
        raise UsageError("a variant is named twice")
    there = {ORIGINAL, *PLAIN_METHODS, *variants}
    return tuple(method for method in METHODS.values() if method.images in there)
