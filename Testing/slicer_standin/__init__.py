"""A stand-in for the application 3D Slicer, as real as packages allow; README.md says what it is and where it differs.

``start()`` makes ``qt``, ``ctk``, ``slicer.app``, ``slicer.modules`` and the like for this process, once.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import types
from pathlib import Path
from typing import Any

# Before anything imports PySide6 or VTK: no display, and enumerations compare with numbers, as they do in PythonQt.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["PYSIDE6_OPTION_PYTHON_ENUM"] = "0x2"
os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")
_application: Any = None


def missing() -> str | None:
    """What is not installed that the stand-in needs, in a sentence; None where nothing is."""
    packages = {"slicer_core": "slicer-core", "PySide6": "PySide6-Essentials"}
    absent = [name for module, name in packages.items() if importlib.util.find_spec(module) is None]
    if absent:
        return (
            f"needs {' and '.join(absent)}, which Python {sys.version_info.major}.{sys.version_info.minor} here lacks"
        )
    try:
        import PySide6.QtWidgets  # noqa: F401
    except ImportError as error:
        return f"Qt does not load ({error}); Tools/install_libraries.sh says which system libraries it needs"
    return None


def in_real_slicer() -> bool:
    """Whether this Python is that of Slicer itself."""
    slicer = sys.modules.get("slicer")
    return _application is None and hasattr(slicer, "app")


def start(main_window: bool = True) -> Any:
    """Make the application, or return the one there is; the same as ``slicer.app`` afterwards."""
    global _application
    if _application is not None:
        return _application
    if in_real_slicer():
        raise RuntimeError("this is Slicer itself: it needs no stand-in")
    from . import qt_module

    sys.modules["qt"] = qt_module.make()
    _extend_slicer()
    import slicer

    from .application import qSlicerApplication

    _application = qSlicerApplication([sys.argv[0] or "Slicer"])
    slicer.app = _application
    _application._begin(main_window)
    return _application


def _extend_slicer() -> None:
    import slicer
    import slicer.util

    from . import packaging_module, scripted_module, small_modules, widget_base, widgets_ctk, widgets_qmrml  # noqa: F401
    from .parameter_node import make as make_parameter_node

    for name, module in {
        "ScriptedLoadableModule": scripted_module.make(),
        "i18n": small_modules.i18n(),
        "packaging": packaging_module.make(),
        "parameterNodeWrapper": make_parameter_node(),
    }.items():
        sys.modules[f"slicer.{name}"] = module
        setattr(slicer, name, module)
    sys.modules["SampleData"] = small_modules.sample_data()
    from . import layout, modules  # noqa: F401 - they register widgets, too

    for name, cls in widget_base.SLICER.items():
        setattr(slicer, name, cls)
    ctk = types.ModuleType("ctk", "Widgets of CTK.")
    for name, cls in widget_base.CTK.items():
        setattr(ctk, name, cls)
    sys.modules["ctk"] = ctk


def load_module(path: Path) -> Any:
    """Load a scripted module by its file, the way ``run_in_slicer.py`` does it in Slicer."""
    import qt
    import slicer

    factory = slicer.app.moduleManager().factoryManager()
    factory.registerModule(qt.QFileInfo(str(path)))
    if not factory.loadModules([path.stem]):
        raise RuntimeError(f"{path.name} did not load")
    return slicer.app.moduleManager().module(path.stem)
