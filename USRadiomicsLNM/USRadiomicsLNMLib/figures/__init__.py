"""Figures of models, from plain numbers: ROC curves, calibration, decision curves, intervals side by side.

Each function returns a matplotlib figure; ``USHarmonizationLib.figures.style.save_figure`` writes it as PNG and SVG.
"""
