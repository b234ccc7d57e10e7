"""Ultrasound image harmonization: frames, scanners, networks, training, harmonizers, quality checks.

Nothing heavy (torch, radiomics, SimpleITK) is imported here; each module imports what it needs where it needs it.
"""

__version__ = "0.1.0"
