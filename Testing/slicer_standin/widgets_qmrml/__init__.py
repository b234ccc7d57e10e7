"""Widgets of Slicer bound to the MRML scene: properties, slots and signals are those of Slicer's headers."""

from __future__ import annotations

from . import markups, node_combo_box, plots, scene_widget, segment_selector, tables

__all__ = ["markups", "node_combo_box", "plots", "scene_widget", "segment_selector", "tables"]
