"""Observers of MRML objects that go with the widget that set them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import shiboken6

# Observers the stand-in's own widgets hold, by (object, tag): no leak of the code under test.
own: set[tuple[str, int]] = set()


class Observers:
    """Observers of one widget; they stay silent once its C++ object is gone."""

    def __init__(self, widget: Any) -> None:
        self._widget, self._held = widget, []

    def add(self, observed: Any, events: list[int], callback: Callable[[], None]) -> None:
        def call(caller: Any, event: str) -> None:
            if shiboken6.isValid(self._widget):
                callback()
            else:
                self.clear()

        for event in events:
            tag = observed.AddObserver(event, call)
            own.add((observed.GetAddressAsString(""), tag))
            self._held.append((observed, tag))

    def clear(self) -> None:
        for observed, tag in self._held:
            observed.RemoveObserver(tag)
            own.discard((observed.GetAddressAsString(""), tag))
        self._held.clear()
