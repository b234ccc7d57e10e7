"""One simulated frame: a medium, seen by a scanner's probe in a pose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..image import Region, UltrasoundImage
from ..scanners import Catalogue, catalogue
from .display import apply_grey_map, compress, post_process, scan_convert, to_bytes
from .formation import Knobs, envelopes
from .formation import field as echo_field
from .geometry import Floats, geometry
from .scatterers import Medium, Pose, Scatterers
from .settings import Imaging


@dataclass(frozen=True)
class View:
    """A frame and the truth about it.

    Positions are in mm from the centre of the picture's first pixel, x along columns and y along rows: what 3D Slicer
    calls LPS for a picture without position of its own.

    Attributes:
        imaging: scanner and probe. pose: of the probe in the object.
        frame: (rows, columns) 8-bit greys.
        labels: (rows, columns) 8-bit, which structure a pixel shows; 0 for background and outside.
        landmarks: positions (x, y) by label.
        knobs: what the operator had set.
    """

    imaging: Imaging
    pose: Pose
    frame: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    landmarks: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    knobs: Knobs = field(default_factory=Knobs)

    @property
    def pixel_mm(self) -> float:
        return geometry(self.imaging).pixel_mm

    @property
    def sector(self) -> NDArray[np.bool_]:
        """(rows, columns) True in the field of view."""
        return geometry(self.imaging).sector

    @property
    def luma(self) -> Floats:
        """(rows, columns) greys in [0, 1]."""
        return self.frame.astype(np.float32) / np.float32(255)

    def image(self, scanners: Catalogue | None = None) -> UltrasoundImage:
        """The frame as an image of the library, with spacing, region and the scanner's names."""
        rows, columns = np.nonzero(self.sector)
        box = (int(rows.min()), int(columns.min()), int(rows.max()) + 1, int(columns.max()) + 1)
        entry = (scanners or catalogue()).scanner(self.imaging.scanner)
        spacing = (self.pixel_mm, self.pixel_mm)
        return UltrasoundImage(
            pixels=self.frame[None],
            intensity_range=(0, 255),
            spacing_mm=spacing,
            regions=(Region(box, "b-mode", spacing),),
            manufacturer=entry.manufacturer,
            model=entry.models[0],
            modality="US",
        )


def echo_picture(
    scatterers: Scatterers,
    medium: Medium,
    imaging: Imaging,
    pose: Pose,
    random: np.random.Generator,
    knobs: Knobs | None = None,
) -> Floats:
    """(rows, columns) compressed echoes in [0, 1] as they are before grey map and post-processing."""
    excess = medium.excess_attenuation

    def shadows(x: Floats, z: Floats) -> Floats:
        assert excess is not None
        return excess(*pose.to_object(x, z))

    seen = scatterers.moved(pose)
    made = None
    hidden = shadows if excess else None
    for weight, envelope in envelopes(seen, imaging, medium.attenuation, random, hidden, knobs):
        frame = compress(envelope, imaging) * np.float32(weight)
        made = frame if made is None else made + frame
    assert made is not None
    return scan_convert(made, echo_field(imaging, medium.attenuation).row_mm, imaging)


def picture(
    scatterers: Scatterers,
    medium: Medium,
    imaging: Imaging,
    pose: Pose,
    random: np.random.Generator,
    knobs: Knobs | None = None,
) -> NDArray[np.uint8]:
    """(rows, columns) the finished 8-bit frame."""
    compressed = echo_picture(scatterers, medium, imaging, pose, random, knobs)
    return to_bytes(post_process(apply_grey_map(compressed, imaging), imaging))


def pixels_in_object(imaging: Imaging, pose: Pose) -> tuple[Floats, Floats]:
    """x and z in the object of each pixel, mm; each (rows, columns)."""
    x, z = np.broadcast_arrays(*geometry(imaging).pixel_positions())
    return pose.to_object(x, z)


def position_in_picture(imaging: Imaging, pose: Pose, x: float, z: float) -> tuple[float, float] | None:
    """Where a point of the object is in the picture (mm, see ``View``), None when it is outside the field of view."""
    px, pz = pose.to_probe(x, z)
    if not geometry(imaging).inside(px, pz, margin_mm=1.0):
        return None
    x0, z0 = geometry(imaging).origin_mm
    return px - x0, pz - z0
