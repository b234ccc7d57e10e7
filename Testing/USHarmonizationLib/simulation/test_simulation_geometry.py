"""Where lines and pixels lie."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from USHarmonizationLib.simulation.geometry import MARGIN, geometry
from USHarmonizationLib.simulation.settings import imaging, simulated

KINDS = pytest.mark.parametrize("probe", ["linear", "convex", "endocavity"])


@KINDS
@given(depth=st.floats(0, 50), place=st.floats(0, 1))
def test_beam_coordinates_and_back(probe: str, depth: float, place: float) -> None:
    shape = geometry(imaging("siemens-s2000", probe))
    x, z = shape.from_beam(depth, place)
    there = shape.to_beam(np.float32([x]), np.float32([z]))
    assert [float(one[0]) for one in there] == pytest.approx([depth, place], abs=1e-4)


def test_lines_of_a_convex_probe_fan_out_from_its_face() -> None:
    how = imaging("hitachi-preirus", "convex")
    shape, radius = geometry(how), how.probe.radius_mm
    x, z = shape.from_beam([0, 10, 0], [0.5, 0.5, 1.0])
    half = np.deg2rad(how.probe.angle_deg / 2)
    assert x.tolist() == pytest.approx([0, 0, radius * np.sin(half)])
    assert z.tolist() == pytest.approx([0, 10, radius * np.cos(half) - radius])


@KINDS
@pytest.mark.parametrize("scanner", simulated())
def test_the_field_of_view_fills_the_picture_up_to_its_margin(scanner: str, probe: str) -> None:
    shape = geometry(imaging(scanner, probe))
    rows, columns = np.nonzero(shape.sector)
    free = min(shape.matrix[0] - (np.ptp(rows) + 1), shape.matrix[1] - (np.ptp(columns) + 1))
    assert 2 * MARGIN - 1 <= free <= 2 * MARGIN + 2
    assert rows.min() == MARGIN
    # left and right are mirror images
    assert np.array_equal(shape.sector, shape.sector[:, ::-1])


def test_inside_knows_the_border() -> None:
    shape = geometry(imaging("hitachi-preirus", "linear"))
    assert shape.inside(0, 25)
    assert shape.inside(19.5, 25)
    assert not shape.inside(19.5, 25, margin_mm=1)
    assert not shape.inside(0, 50.1)
    assert not shape.inside(0, -0.1)
