"""What only Qt 6 has is refused, since Slicer 5.13 has Qt 5.15."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.refusals
def test_methods_of_qt_6_are_not_there(scene: Any) -> None:
    import qt

    layout = qt.QFormLayout()
    assert not hasattr(layout, "setRowVisible")
    assert not hasattr(qt.QWidget(), "setScreen")
    assert not hasattr(qt.QCheckBox(), "checkStateChanged")
    assert hasattr(layout, "setRowWrapPolicy")
