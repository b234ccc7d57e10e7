"""The panel of USHarmonization: one file a section. The only package of the module that uses Qt."""
