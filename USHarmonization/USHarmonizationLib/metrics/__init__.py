"""Figures that say how well harmonization worked."""
