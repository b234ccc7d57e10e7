"""``slicer.i18n`` and ``SampleData``."""

from __future__ import annotations

import types
from typing import Any


def i18n() -> types.ModuleType:
    """Translation functions: here every text stays as it is."""
    module = types.ModuleType("slicer.i18n")
    module.tr = lambda text: text
    module.translate = lambda context, text: text
    return module


class SampleDataLogic:
    """Keeps what modules register; the arguments are checked against those that Slicer's takes."""

    registered: dict[str, list[dict[str, Any]]] = {}  # noqa: RUF012 - the sources of the application, as in Slicer

    categories: dict[str, str] = {}  # noqa: RUF012 - name -> title, as in Slicer

    @staticmethod
    def registerCustomSampleDataCategory(category: str, title: str) -> None:
        SampleDataLogic.categories[category] = title

    @staticmethod
    def registerCustomSampleDataSource(
        category: str = "Custom", sampleName: Any = None, uris: Any = None, fileNames: Any = None,
        nodeNames: Any = None, customDownloader: Any = None, thumbnailFileName: Any = None, loadFileTypes: Any = None,
        loadFiles: Any = None, loadFileProperties: Any = None, checksums: Any = None, loadFileType: Any = None,
    ) -> None:  # fmt: skip
        source = dict(locals())
        SampleDataLogic.registered.setdefault(category, []).append(source)


def sample_data() -> types.ModuleType:
    """The module SampleData."""
    module = types.ModuleType("SampleData")
    module.SampleDataLogic = SampleDataLogic
    return module
