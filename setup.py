"""Which folder of this repository holds which Python package; everything else stands in pyproject.toml."""

from setuptools import find_packages, setup

setup(
    packages=[
        *find_packages("USHarmonization", include=["USHarmonizationLib*"]),
        "USHarmonizationLib.Resources",
        *find_packages("USRadiomicsLNM", include=["USRadiomicsLNMLib*"]),
        "USRadiomicsLNMLib.Resources",
    ],
    package_dir={
        "USHarmonizationLib": "USHarmonization/USHarmonizationLib",
        "USHarmonizationLib.Resources": "USHarmonization/Resources",
        "USRadiomicsLNMLib": "USRadiomicsLNM/USRadiomicsLNMLib",
        "USRadiomicsLNMLib.Resources": "USRadiomicsLNM/Resources",
    },
)
