"""From a cohort of images and masks to a features table.

An engine computes the features (``engine``): pyradiomics, or the project's own in its place; jobs read images and masks
and say what is wrong with them (``lesions``, ``brightness``, ``graphics``, ``job``); a run goes over the cohort, here,
in processes or on a cluster, and can be started again (``run``, ``journal``).
"""
