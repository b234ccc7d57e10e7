"""Placing landmarks by clicking in the fixed and the moving image by turns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import qt
import slicer

from USHarmonizationLogic.landmark_lists import nameLandmark, nextLandmark, placed
from USHarmonizationLogic.pair_views import interactionNode, isPlacing, startPlacing, stopPlacing


class Placing(slicer.util.VTKObservationMixin):
    """After each click the other list takes the next one, until ``stop``, Escape, or another mouse mode.

    Args:
        onNext: called with (``fixed`` or ``moving``, name) of the landmark that the next click places.
        onStopped: called once placing has ended, however.
    """

    def __init__(self, onNext: Callable[[str, str], None], onStopped: Callable[[], None]) -> None:
        super().__init__()
        self._onNext, self._onStopped = onNext, onStopped
        self._lists: dict[str, Any] = {}
        self._wanted: tuple[str, str, int] | None = None  # where, name, how many points are there already

    @property
    def active(self) -> bool:
        """Whether clicks place landmarks of these lists."""
        return self._wanted is not None

    def start(self, fixedList: Any, movingList: Any) -> bool:
        """Start, or go on with other lists; False where there is nothing to click in."""
        self.stop()
        self._lists = {"fixed": fixedList, "moving": movingList}
        if not self._next():
            return False
        for node in self._lists.values():
            for event in (node.PointPositionDefinedEvent, node.PointRemovedEvent):
                self.addObserver(node, event, self._onPoint)
        node = interactionNode(slicer.mrmlScene)
        self.addObserver(node, node.InteractionModeChangedEvent, self._onMode)
        return True

    def stop(self) -> None:
        """End it; nothing happens where it has ended."""
        if not self.active:
            return
        self.removeObservers()
        self._wanted, self._lists = None, {}
        stopPlacing(slicer.mrmlScene)
        self._onStopped()

    def _onPoint(self, caller: Any = None, event: Any = None) -> None:
        # Not now: the view is still in the middle of the click.
        qt.QTimer.singleShot(0, self._goOn)

    def _onMode(self, caller: Any = None, event: Any = None) -> None:
        if self.active and not isPlacing(slicer.mrmlScene):
            self.stop()

    def _goOn(self) -> None:
        if not self.active or any(node.GetScene() is None for node in self._lists.values()):
            self.stop()
            return
        where, label, count = self._wanted
        found = placed(self._lists[where])
        if len(found) > count:
            nameLandmark(self._lists[where], found.indices[-1], label)
        self._next()

    def _next(self) -> bool:
        where, label = nextLandmark(self._lists["fixed"], self._lists["moving"])
        if not startPlacing(slicer.mrmlScene, self._lists[where]):
            self._lists = {}
            return False
        self._wanted = (where, label, len(placed(self._lists[where])))
        self._onNext(where, label)
        return True
