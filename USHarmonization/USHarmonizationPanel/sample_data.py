"""Simulated frames in Slicer's Sample Data module. They come with the extension: nothing is downloaded.

``Tools/make_sample_data.py`` made them: a patient's lesion as two scanners would show it, and a phantom as both would.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _

CATEGORY = "USHarmonization"
FOLDER = Path(__file__).resolve().parent.parent / "Resources" / "SampleData"
# How Slicer's readers are called.
VOLUME, SEGMENTATION, MARKUPS = "VolumeFile", "SegmentationFile", "MarkupsFile"
READERS = {".seg.nrrd": SEGMENTATION, ".nrrd": VOLUME, ".mrk.json": MARKUPS}
# Ids of the scanner catalogue, by what stands in the names of volumes.
SCANNERS = {"Voluson": "ge-voluson-e8", "Preirus": "hitachi-preirus"}


@dataclass(frozen=True)
class Sample:
    """One button of the Sample Data module.

    Attributes:
        name: by which scripts know it.
        title: what users read below the thumbnail.
        files: in ``FOLDER``, in the order in which they are loaded, with the names of their nodes.
        thumbnail: file in ``FOLDER``.
    """

    name: str
    title: str
    files: tuple[tuple[str, str], ...]
    thumbnail: str


def samples() -> tuple[Sample, ...]:
    """All of them, titles in the user's language."""
    voluson, preirus = "us-phantom-voluson", "us-phantom-preirus"
    return (
        _lesion("USLesionVoluson", _("Lesion, GE Voluson E8 (simulated)"), "Voluson"),
        _lesion("USLesionPreirus", _("The same lesion, Hitachi Preirus (simulated)"), "Preirus"),
        Sample(
            "USPhantomPair",
            _("Phantom, Voluson E8 and Preirus, with landmarks (simulated)"),
            (
                (f"{voluson}.nrrd", "US phantom Voluson"),
                (f"{preirus}.nrrd", "US phantom Preirus"),
                (f"{voluson}.mrk.json", "US phantom Voluson landmarks"),
                (f"{preirus}.mrk.json", "US phantom Preirus landmarks"),
            ),
            "us-phantom.png",
        ),
    )


def _lesion(name: str, title: str, scanner: str) -> Sample:
    file, node = f"us-lesion-{scanner.lower()}", f"US lesion {scanner}"
    return Sample(name, title, ((f"{file}.nrrd", node), (f"{file}.seg.nrrd", f"{node} outline")), f"{file}.png")


def registerSampleData() -> None:
    """Add the samples to the Sample Data module; called once, when Slicer has started."""
    import SampleData

    SampleData.SampleDataLogic.registerCustomSampleDataCategory(CATEGORY, title=_("Ultrasound harmonization"))
    for sample in samples():
        paths = [FOLDER / file for file, _node in sample.files]
        SampleData.SampleDataLogic.registerCustomSampleDataSource(
            category=CATEGORY,
            sampleName=sample.name,
            thumbnailFileName=str(FOLDER / sample.thumbnail),
            uris=[path.as_uri() for path in paths],
            fileNames=[path.name for path in paths],
            nodeNames=[node for _file, node in sample.files],
            loadFileTypes=[readerOf(path.name) for path in paths],
            checksums=[f"SHA256:{hashlib.sha256(path.read_bytes()).hexdigest()}" for path in paths],
            customDownloader=loadSample,
        )


def readerOf(file: str) -> str:
    """The reader for a file, after the longest ending that fits."""
    return next(reader for ending, reader in READERS.items() if file.endswith(ending))


def loadSample(source: Any) -> list[Any]:
    """Load a sample, say which scanner its volumes are of, and show the first.

    Args:
        source: the ``SampleDataSource`` whose button was pressed.
    """
    import SampleData

    loaded = SampleData.SampleDataLogic().downloadFromSource(source)
    nodes = [node for node in loaded if hasattr(node, "GetClassName")]
    volumes = [node for node in nodes if node.IsA("vtkMRMLScalarVolumeNode")]
    for volume in volumes:
        nameScanner(volume)
    for node in nodes:
        if node.IsA("vtkMRMLSegmentationNode") and volumes:
            node.SetReferenceImageGeometryParameterFromVolumeNode(volumes[0])
    if volumes and slicer.app.layoutManager():
        slicer.util.setSliceViewerLayers(background=volumes[0], fit=True)
    return nodes


def nameScanner(volume: Any) -> None:
    """Say in a sample volume which scanner it is of, as a DICOM file would have."""
    from USHarmonizationLogic.detection import SCANNER

    for name, scanner in SCANNERS.items():
        if name in volume.GetName():
            volume.SetAttribute(SCANNER, scanner)
