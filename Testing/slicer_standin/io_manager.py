"""``slicer.app.coreIOManager()``: reads and writes through the logics and storage nodes of slicer-core."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import slicer
from PySide6 import QtCore

ENDINGS = {
    "SceneFile": (".mrml", ".mrb"),
    "SegmentationFile": (".seg.nrrd", ".seg.nhdr", ".seg.vtm"),
    "SequenceFile": (".seq.nrrd", ".seq.mrb", ".mxb", ".mrb"),
    "MarkupsFile": (".mrk.json", ".json", ".fcsv"),
    "TableFile": (".csv", ".tsv", ".txt", ".schema.csv"),
    "TransformFile": (".h5", ".tfm", ".mat"),
    "ModelFile": (".vtk", ".vtp", ".stl", ".ply", ".obj"),
    "VolumeFile": (".nrrd", ".nhdr", ".nii", ".nii.gz", ".mha", ".mhd", ".png", ".jpg", ".jpeg", ".tif", ".tiff",
                   ".bmp", ".dcm"),
}  # fmt: skip


# slicer-core comes without ITK's readers of these.
PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")


def _read_picture(file: str, properties: dict[str, Any]) -> Any:
    """A picture as a volume of one slice, placed as ITK and Slicer place it."""
    import SimpleITK as sitk
    import vtk

    image = sitk.ReadImage(file)
    pixels = sitk.GetArrayFromImage(image)
    if pixels.ndim == 2 + (image.GetNumberOfComponentsPerPixel() > 1):
        pixels = pixels[None]
    spacing = (*image.GetSpacing(), 1.0)[:3]
    matrix = vtk.vtkMatrix4x4()
    for axis, sign in enumerate((-1, -1, 1)):
        matrix.SetElement(axis, axis, sign * spacing[axis])
    name = properties.get("name") or Path(file).name.partition(".")[0]
    colour = image.GetNumberOfComponentsPerPixel() > 1
    kind = "vtkMRMLVectorVolumeNode" if colour else "vtkMRMLScalarVolumeNode"
    kind = "vtkMRMLLabelMapVolumeNode" if properties.get("labelmap") else kind
    return slicer.util.addVolumeFromArray(pixels, ijkToRAS=matrix, name=name, nodeClassName=kind)


class qSlicerCoreIOManager(QtCore.QObject):
    """Files into nodes and back."""

    SIGNALS = ("newFileLoaded(qSlicerIO::IOProperties)", "fileSaved(qSlicerIO::IOProperties)")

    def fileType(self, file: str) -> str:
        name = str(file).lower()
        return next((kind for kind, ends in ENDINGS.items() if name.endswith(ends)), "NoFile")

    def loadNodes(self, kind: str, properties: dict[str, Any], loaded: Any = None, messages: Any = None) -> bool:
        reader = getattr(self, f"_load_{kind}", None)
        if reader is None:
            raise NotImplementedError(f"the stand-in reads no {kind}")
        if not Path(properties["fileName"]).is_file():
            return False
        nodes = reader(properties["fileName"], properties)
        if loaded is not None:
            for node in nodes:
                loaded.AddItem(node)
        return bool(nodes)

    def loadScene(self, file: str, clear: bool = True, messages: Any = None) -> bool:
        return self.loadNodes("SceneFile", {"fileName": file, "clear": clear})

    def _load_VolumeFile(self, file: str, properties: dict[str, Any]) -> list[Any]:
        if Path(file).suffix.lower() in PICTURES:
            return self._show_volume(_read_picture(file, properties), properties)
        options = (1 if properties.get("labelmap") else 0) | (2 if properties.get("center") else 0)
        options |= 4 if properties.get("singleFile") else 0
        options |= 16 if properties.get("discardOrientation") else 0
        name = properties.get("name") or self._base(file)
        node = slicer.modules.volumes.logic().AddArchetypeVolume(file, name, options)
        return self._show_volume(node, properties)

    @staticmethod
    def _show_volume(node: Any, properties: dict[str, Any]) -> list[Any]:
        if node is not None and properties.get("show", True) and not properties.get("labelmap"):
            selection = slicer.app.applicationLogic().GetSelectionNode()
            selection.SetActiveVolumeID(node.GetID())
            slicer.app.applicationLogic().PropagateVolumeSelection(1)
        return [] if node is None else [node]

    def _load_SegmentationFile(self, file: str, properties: dict[str, Any]) -> list[Any]:
        node = slicer.modules.segmentations.logic().LoadSegmentationFromFile(file, True, properties.get("name", ""))
        return [] if node is None else [node]

    def _load_SequenceFile(self, file: str, properties: dict[str, Any]) -> list[Any]:
        messages = slicer.vtkMRMLMessageCollection()
        node = slicer.modules.sequences.logic().AddSequence(file, messages)
        if node is not None:
            browser = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode", f"{node.GetName()} browser")
            browser.SetAndObserveMasterSequenceNodeID(node.GetID())
        return [] if node is None else [node]

    def _load_MarkupsFile(self, file: str, properties: dict[str, Any]) -> list[Any]:
        node = slicer.modules.markups.logic().LoadMarkups(file, properties.get("name") or self._base(file))
        found = slicer.mrmlScene.GetNodeByID(node) if isinstance(node, str) else node
        return [] if found is None else [found]

    def _load_TableFile(self, file: str, properties: dict[str, Any]) -> list[Any]:
        node = slicer.modules.tables.logic().AddTable(file, properties.get("name") or self._base(file))
        return [] if node is None else [node]

    def _load_TransformFile(self, file: str, properties: dict[str, Any]) -> list[Any]:
        node = slicer.modules.transforms.logic().AddTransform(file, slicer.mrmlScene)
        return [] if node is None else [node]

    def _load_ModelFile(self, file: str, properties: dict[str, Any]) -> list[Any]:
        node = slicer.modules.models.logic().AddModel(file)
        return [] if node is None else [node]

    def _load_SceneFile(self, file: str, properties: dict[str, Any]) -> list[Any]:
        scene = slicer.mrmlScene
        if properties.get("clear"):
            scene.Clear(0)
        if file.lower().endswith(".mrb"):
            done = scene.ReadFromMRB(file, bool(properties.get("clear")))
        else:
            scene.SetURL(file)
            done = scene.Import()
        return [scene.GetNthNode(0)] if done else []

    @staticmethod
    def _base(file: str) -> str:
        return Path(file).name.partition(".")[0]

    def fileWriterFileType(self, node: Any, extension: str = "") -> str:
        return str(node.GetClassName()).removeprefix("vtkMRML").removesuffix("Node")

    def extractKnownExtension(self, file: str, node: Any) -> str:
        return "".join(Path(file).suffixes[-2:])

    def registeredFileReaderCount(self, kind: str) -> int:
        return int(hasattr(self, f"_load_{kind}"))

    def createAndAddDefaultStorageNode(self, node: Any) -> Any:
        node.AddDefaultStorageNode()
        return node.GetStorageNode()

    def addDefaultStorageNodes(self) -> None:
        scene = slicer.mrmlScene
        for index in range(scene.GetNumberOfNodesByClass("vtkMRMLStorableNode")):
            scene.GetNthNodeByClass(index, "vtkMRMLStorableNode").AddDefaultStorageNode()

    def saveNodes(self, kind: str, properties: dict[str, Any], messages: Any = None, scene: Any = None) -> bool:
        file = str(properties["fileName"])
        if kind == "SceneFile" or "nodeID" not in properties:
            return bool(slicer.mrmlScene.WriteToMRB(file) if file.endswith(".mrb") else self._save_scene(file))
        node = slicer.mrmlScene.GetNodeByID(properties["nodeID"])
        node.AddDefaultStorageNode(file)
        storage = node.GetStorageNode()
        if storage is None:
            return False
        storage.SetFileName(file)
        return bool(storage.WriteData(node))

    @staticmethod
    def _save_scene(file: str) -> bool:
        slicer.mrmlScene.SetURL(file)
        slicer.mrmlScene.SetRootDirectory(str(Path(file).parent))
        return bool(slicer.mrmlScene.Commit(file))
