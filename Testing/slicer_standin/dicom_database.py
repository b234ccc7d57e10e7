"""``slicer.dicomDatabase``: real DICOM files by SOP instance UID, with CTK's methods."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6 import QtCore
from PySide6.QtCore import Property

from .widget_base import emit


class DicomDatabase(QtCore.QObject):
    """Holds the files that were inserted; nothing is copied or kept on disk."""

    SIGNALS = ("databaseChanged()",)

    def __init__(self) -> None:
        super().__init__()
        self._files: dict[str, str] = {}
        self._headers: dict[str, Any] = {}

    def insert(self, file: str, *options: Any) -> None:
        import pydicom

        header = pydicom.dcmread(file, stop_before_pixels=True)
        uid = str(header.SOPInstanceUID)
        self._files[uid], self._headers[uid] = str(Path(file).absolute()), header
        emit(self, "databaseChanged()")

    def fileForInstance(self, uid: str) -> str:
        return self._files.get(uid, "")

    def instanceForFile(self, file: str) -> str:
        wanted = str(Path(file).absolute())
        return next((uid for uid, path in self._files.items() if path == wanted), "")

    def instanceValue(self, uid: str, tag: str) -> str:
        """The value of a tag given as "gggg,eeee"; empty where there is none."""
        group, element = (int(part, 16) for part in tag.split(","))
        found = self._headers[uid].get((group, element)) if uid in self._headers else None
        if found is None or found.VR == "SQ":
            return ""
        value = found.value
        several = hasattr(value, "__iter__") and not isinstance(value, str | bytes) and found.VR != "PN"
        return "\\".join(map(str, value)) if several else str(value)

    def fileValue(self, file: str, tag: str) -> str:
        uid = self.instanceForFile(file)
        return self.instanceValue(uid, tag) if uid else ""

    def patients(self) -> list[str]:
        return sorted({str(header.get("PatientID", "")) for header in self._headers.values()})

    def filesForSeries(self, series: str) -> list[str]:
        return [self._files[uid] for uid, header in self._headers.items() if header.get("SeriesInstanceUID") == series]

    def instancesForSeries(self, series: str) -> list[str]:
        return [uid for uid, header in self._headers.items() if header.get("SeriesInstanceUID") == series]

    isOpen = Property(bool, lambda self: True)
