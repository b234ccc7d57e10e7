"""Radiomics features of one frame in numpy and scipy: what stands in where pyradiomics cannot be installed.

One class of features a file, with the formulas of pyradiomics' documentation (van Griethuysen et al., Cancer Research
2017, doi 10.1158/0008-5472.CAN-17-0339; https://pyradiomics.readthedocs.io/en/v3.0.1/features.html), which name where
they differ from the reference manual of the IBSI (Zwanenburg et al., arXiv 1612.07003). Only what the parameter files
that ship ask for: two dimensions, neighbours one pixel apart, symmetric co-occurrence, equal weights.
"""
