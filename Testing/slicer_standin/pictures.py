"""Pictures of widgets, of slice views and of the whole window, on the stand-in and in a real Slicer."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def save(widget: Any, path: Path | None = None) -> Path | None:
    """Draw a widget (None: the main window), and write it as PNG where a path is given."""
    import slicer

    if widget is None:
        widget = slicer.util.mainWindow()
    slicer.app.processEvents()
    pixmap = widget.grab()
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not pixmap.save(str(path)):
            raise OSError(f"cannot write {path}")
    return path


def pixels(widget: Any) -> Any:
    """What a widget looks like, as an array (height, width, 3) of uint8."""
    import numpy as np
    import qt

    image = widget.grab().toImage().convertToFormat(qt.QImage.Format_RGB888)
    rows, columns, stride = image.height(), image.width(), image.bytesPerLine()
    flat = np.frombuffer(bytes(image.constBits()), np.uint8)[: rows * stride].reshape(rows, stride)
    return flat[:, : 3 * columns].reshape(rows, columns, 3).copy()


def slice_pixels(name: str) -> Any:
    """A slice view, such as "Red", rendered anew, as an array (height, width, 3) of uint8."""
    import slicer
    import vtk
    from vtk.util.numpy_support import vtk_to_numpy

    view = slicer.app.layoutManager().sliceWidget(name).sliceView()
    if hasattr(view, "_render"):
        return view._render()
    view.forceRender()
    grab = vtk.vtkWindowToImageFilter()
    grab.SetInput(view.renderWindow())
    grab.Update()
    columns, rows, _ = grab.GetOutput().GetDimensions()
    return vtk_to_numpy(grab.GetOutput().GetPointData().GetScalars()).reshape(rows, columns, -1)[::-1, :, :3]


def window(path: Path, module: str, size: tuple[int, int] = (1400, 900)) -> Path:
    """The main window with a module's panel on the left and the views of the layout on the right, as PNG."""
    import slicer

    main = slicer.util.mainWindow()
    main.resize(*size)
    slicer.util.selectModule(module)
    slicer.app.processEvents()
    save(main, path)
    return path
