"""What all sections of a panel have in common: a .ui file, a parameter node, observers, one status line."""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import qt
import slicer
import vtk
from slicer.i18n import tr as _

from USHarmonizationLib.errors import HarmonizationError
from USHarmonizationLogic import LogicError

# Colours of the status line: text, background and edge are all given, so that they read well in light and dark themes.
# The mark says the same without colour.
KINDS = {
    "info": ("", ""),
    "good": ("✓ ", "color: #14532d; background-color: #e3f3e6; border-left: 4px solid #2e7d32;"),
    "warning": ("⚠ ", "color: #5b3a00; background-color: #fdf0d0; border-left: 4px solid #e09000;"),
    "error": ("✗ ", "color: #6f1414; background-color: #fbe4e4; border-left: 4px solid #c62828;"),
}

# A click on Cancel this soon after the one that started is the second half of a double click.
DOUBLE_CLICK_SECONDS = 0.6


def saysErrors(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method of a section whose errors become one sentence in the section's status line.

    Signals may hand over more arguments than the method takes; these are dropped.
    """
    count = len(inspect.signature(method).parameters) - 1

    @functools.wraps(method)
    def guarded(self: Section, *arguments: Any) -> Any:
        try:
            return method(self, *arguments[:count])
        except (LogicError, HarmonizationError) as error:
            self.say(str(error), "error")
        except OSError as error:
            name = f" ({error.filename})" if error.filename else ""
            self.say(_("This did not work: {reason}{name}").format(reason=error.strerror or error, name=name), "error")
        except Exception as error:
            logging.exception("USHarmonization: unexpected error")
            text = _("Something went wrong ({error}). Details are in the application log.")
            self.say(text.format(error=f"{type(error).__name__}: {error}"), "error")
        return None

    return guarded


@contextmanager
def signalsBlocked(*widgets: Any) -> Iterator[None]:
    """Change widgets from code without their slots being called."""
    before = [(widget, widget.blockSignals(True)) for widget in widgets]
    try:
        yield
    finally:
        for widget, blocked in before:
            widget.blockSignals(blocked)


def fill(combo: Any, items: Sequence[tuple[str, str]]) -> None:
    """Fill a QComboBox with (value, text); nothing happens where these are in it already."""
    if [(combo.itemData(at), combo.itemText(at)) for at in range(combo.count)] != list(items):
        combo.clear()
        for value, text in items:
            combo.addItem(text, value)


def choose(combo: Any, value: str) -> bool:
    """Make the item with this value the current one of a QComboBox; False where there is none."""
    at = combo.findData(value)
    if at >= 0:
        combo.currentIndex = at
    return at >= 0


def chosen(combo: Any) -> str:
    """The value of a QComboBox's current item, "" where it has none."""
    return combo.itemData(combo.currentIndex) or ""


def connectPath(edit: Any, method: Callable[[str], None]) -> None:
    """Call ``method(path)`` when the path of a ctkPathLineEdit changes, also to one that its name filters do not take.

    Of such a path, and of an empty one, ``currentPathChanged`` says nothing.
    """
    edit.connect("currentPathChanged(QString)", method)
    edit.connect("validInputChanged(bool)", lambda valid: None if valid else method(edit.currentPath))


def keepInHistory(edit: Any) -> None:
    """Offer the path of a ctkPathLineEdit in later sessions; for a moment another path stands there, unnoticed."""
    with signalsBlocked(edit):
        edit.addCurrentPathToHistory()


def paintStatus(label: Any, text: str, kind: str = "info") -> None:
    """Write one sentence into a label: mark and colour say how it is meant."""
    mark, style = KINDS[kind]
    label.textFormat = qt.Qt.PlainText  # names of files and nodes may look like HTML
    label.text = mark + text if text else ""
    label.styleSheet = f"QLabel {{ {style} padding: 4px 6px; }}" if style else ""
    label.visible = bool(text)


class Section(slicer.util.VTKObservationMixin):
    """One section of a panel.

    A subclass sets ``title`` and ``uiFile``, connects its widgets in ``setup`` and shows the parameter node in
    ``updateFromParameterNode``. The .ui file lies in ``Resources/UI`` beside the package of the subclass; its top level
    widget is a ``qMRMLWidget``, and it holds a word-wrapped QLabel ``statusLabel``.
    """

    title = ""
    uiFile = ""

    def __init__(self, logic: Any, parameterNode: Any = None) -> None:
        super().__init__()
        self.logic = logic
        self.parameterNode: Any = None
        self.entered = False
        # A section that installs or removes models calls this; the panel then tells all sections.
        self.modelsChanged: Callable[[], None] = lambda: None
        self.widget = slicer.util.loadUI(str(self.uiPath()))
        self.ui = slicer.util.childWidgetVariables(self.widget)
        self.widget.setMRMLScene(slicer.mrmlScene)
        for child in vars(self.ui).values():
            if hasattr(child, "setMRMLScene"):
                child.setMRMLScene(slicer.mrmlScene)
        self.say("")
        self.setup()
        self.setParameterNode(parameterNode)

    @classmethod
    def uiPath(cls) -> Path:
        """The .ui file, in the sources as in an installed extension."""
        return Path(inspect.getfile(cls)).resolve().parents[1] / "Resources" / "UI" / cls.uiFile

    # What a subclass fills

    def setup(self) -> None:
        """Connect the widgets. Called once, before there is a parameter node."""

    def updateFromParameterNode(self) -> None:
        """Show ``self.parameterNode`` (None while a scene is being closed) in the widgets, their signals blocked."""

    def setModels(self, models: Sequence[Any]) -> None:
        """The installed models: when the module is opened, and when some were installed or removed."""

    def enter(self) -> None:
        """The user opens the module."""
        self.entered = True

    def exit(self) -> None:
        """The user opens another module."""
        self.entered = False

    def sceneStartClose(self) -> None:
        """The scene is about to be closed: cancel jobs, forget nodes."""

    def sceneEndClose(self) -> None:
        """The scene is empty now."""

    def cleanup(self) -> None:
        """The module goes: cancel jobs, remove observers. Subclasses call this at their end."""
        self.setParameterNode(None)
        self.removeObservers()

    # What a subclass uses

    def setParameterNode(self, parameterNode: Any) -> None:
        """Take a wrapped parameter node, or None while the scene is being closed."""
        if self.parameterNode is not None:
            self.unobserve(
                self.parameterNode.parameterNode, vtk.vtkCommand.ModifiedEvent, self._onParameterNodeModified
            )
        self.parameterNode = parameterNode
        if parameterNode is not None:
            self.observe(parameterNode.parameterNode, vtk.vtkCommand.ModifiedEvent, self._onParameterNodeModified)
        self._onParameterNodeModified()

    def observe(self, node: Any, event: Any, method: Callable[..., None]) -> None:
        """Observe a node once, however often this is called."""
        if not self.hasObserver(node, event, method):
            self.addObserver(node, event, method)

    def unobserve(self, node: Any, event: Any, method: Callable[..., None]) -> None:
        """Observe a node no longer; says nothing where it was not observed."""
        if self.hasObserver(node, event, method):
            self.removeObserver(node, event, method)

    def say(self, text: str, kind: str = "info") -> None:
        """One sentence in the section's status line; ``kind`` is info, good, warning or error."""
        paintStatus(self.ui.statusLabel, text, kind)

    @saysErrors
    def _onParameterNodeModified(self, caller: Any = None, event: Any = None) -> None:
        self.updateFromParameterNode()
