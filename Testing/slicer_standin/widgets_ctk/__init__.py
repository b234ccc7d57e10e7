"""Widgets of CTK: properties, slots and signals are those of CTK's headers; the looks are simple."""

from __future__ import annotations

from . import buttons, combos, numbers, paths, texts

__all__ = ["buttons", "combos", "numbers", "paths", "texts"]
