"""The panel of USRadiomicsLNM: one file a section. The only package of the module that uses Qt."""
