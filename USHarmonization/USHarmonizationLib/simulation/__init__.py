"""Simulated ultrasound: phantoms seen by two scanners, cohorts of patients with known truth.

======================  ==============================================================================================
module                  what it holds
======================  ==============================================================================================
settings                how each scanner images: data of the scanner catalogue
geometry                scan lines and pixels
beam                    pulse and beam: the point spread function
scatterers              what is imaged: media, scatterers, poses of the probe
formation               from scatterers to envelopes
display                 from envelopes to the picture
view                    one frame and the truth about it
phantom                 a phantom with the targets of the CIRS 040GSE; pairs of views of it
patient                 tissue with a lesion of known shape and texture
cohort                  patients, scanners, outcome and clinical columns
dicom, phantom_files    what is written
======================  ==============================================================================================

The same seed gives the same frames, to the byte on the same kind of machine.
"""
