"""Figures for print, from plain numbers: bars, heat maps of correlations, panels of images.

Each function returns a matplotlib figure; ``style.save_figure`` writes it as PNG (300 dpi) and SVG.
"""
