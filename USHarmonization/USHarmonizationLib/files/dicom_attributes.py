"""Which attributes of a DICOM file are read, and which of them a generated image keeps.

Policy on identity. A generated image is built from the attributes listed in ``KEPT`` and from what is known about its
making; nothing else is taken over. So private attributes, overlays, names of persons and institutions, dates and times,
serial numbers, free text and unknown attributes are left out, the ones that exist today and the ones that a future
scanner invents. No attribute of ``KEPT`` is on the list of those to be removed, replaced or emptied by the Basic
Application Level Confidentiality Profile (PS3.15 Table E.1-1). Of the identity there remain pseudonyms: for the patient
``cohort.pseudonym`` of the Patient ID (the same patient gets the same one in every file and table), for study, series
and instance UIDs computed from the original ones. One exception is deliberate: Source Image Sequence names the original
instance, so that who has the original finds it. Burned-in text is in the pixels and stays there, so Patient Identity
Removed is YES only where the source says that nothing is burned in.
"""

from __future__ import annotations

# Values are copied as they are; sequences with all their public attributes.
KEPT = (
    # Image (PS3.3 C.7.6.1) and its acquisition
    "SeriesNumber",
    "InstanceNumber",
    "PatientOrientation",
    "BurnedInAnnotation",
    "BodyPartExamined",
    "Laterality",
    "ImageLaterality",
    "AnatomicRegionSequence",
    "PrimaryAnatomicStructureSequence",
    "LossyImageCompression",
    "LossyImageCompressionRatio",
    "LossyImageCompressionMethod",
    # Equipment (C.7.5.1) without place and serial number
    "Manufacturer",
    "ManufacturerModelName",
    "SoftwareVersions",
    # Ultrasound (C.8.5.5, C.8.5.6)
    "SequenceOfUltrasoundRegions",
    "StageNumber",
    "NumberOfStages",
    "ViewNumber",
    "NumberOfViewsInStage",
    "ViewCodeSequence",
    "TransducerType",
    "TransducerData",
    "TransducerFrequency",
    "FocusDepth",
    "ProcessingFunction",
    "MechanicalIndex",
    "BoneThermalIndex",
    "CranialThermalIndex",
    "SoftTissueThermalIndex",
    "DepthOfScanField",
    "HeartRate",
    "NominalInterval",
    "TriggerTime",
    "UltrasoundColorDataPresent",
    # Cine (C.7.6.5) and multi-frame (C.7.6.6)
    "FrameIncrementPointer",
    "FrameTime",
    "FrameTimeVector",
    "FrameDelay",
    "CineRate",
    "RecommendedDisplayFrameRate",
    "PreferredPlaybackSequencing",
    "StartTrim",
    "StopTrim",
    "EffectiveDuration",
    "ActualFrameDuration",
    # Pixels (C.7.6.3) and their display
    "PixelAspectRatio",
    "PixelSpacing",
    "PixelSpacingCalibrationType",
    "NominalScannedPixelSpacing",
    "WindowCenter",
    "WindowWidth",
    "VOILUTFunction",
    "RescaleIntercept",
    "RescaleSlope",
    "RescaleType",
    "PresentationLUTShape",
    # Secondary capture (C.8.6.1)
    "ConversionType",
)

# Needed to decode and understand the file, or to compute pseudonyms; written anew or not at all.
READ = (
    "SpecificCharacterSet",
    "SOPClassUID",
    "SOPInstanceUID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "PatientID",
    "Modality",
    "ImageType",
    "DirectoryRecordSequence",
    "ContributingEquipmentSequence",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "PlanarConfiguration",
    "NumberOfFrames",
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "PixelPresentation",
    "ModalityLUTSequence",
    "VOILUTSequence",
    "RedPaletteColorLookupTableDescriptor",
    "GreenPaletteColorLookupTableDescriptor",
    "BluePaletteColorLookupTableDescriptor",
    "RedPaletteColorLookupTableData",
    "GreenPaletteColorLookupTableData",
    "BluePaletteColorLookupTableData",
    "SegmentedRedPaletteColorLookupTableData",
    "SegmentedGreenPaletteColorLookupTableData",
    "SegmentedBluePaletteColorLookupTableData",
)

# Mean nothing for colour.
GREY_ONLY = (
    "WindowCenter",
    "WindowWidth",
    "VOILUTFunction",
    "RescaleIntercept",
    "RescaleSlope",
    "RescaleType",
    "PresentationLUTShape",
)

# Belong to secondary captures.
CAPTURE_ONLY = ("ConversionType", "NominalScannedPixelSpacing", "PixelSpacingCalibrationType")

# Body parts of which there is one, so that Laterality makes no sense (PS3.16 Annex L).
UNPAIRED = (
    "ABDOMEN", "ABDOMENPELVIS", "AORTA", "BACK", "BLADDER", "BRAIN", "CERVIX", "CHEST", "COCCYX", "COLON",
    "DUODENUM", "FACE", "GALLBLADDER", "HEAD", "HEART", "ILIUM", "JAW", "LARYNX", "LIVER", "MAXILLA",
    "MEDIASTINUM", "MOUTH", "NECK", "NOSE", "PANCREAS", "PELVIS", "PENIS", "PHARYNX", "PROSTATE", "RECTUM",
    "SCALP", "SKULL", "SPINE", "SPLEEN", "STERNUM", "STOMACH", "THYMUS", "THYROID", "TONGUE", "TRACHEA",
    "URETER", "URETHRA", "UTERUS", "VAGINA", "VULVA",
)  # fmt: skip
