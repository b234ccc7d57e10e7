"""Fixtures of the tests that run on the stand-in and inside a real Slicer: application, scene, panels, waiting."""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import slicer_standin

REPOSITORY = Path(__file__).resolve().parents[2]
# The folders of the two modules, which Slicer has on its module path.
MODULES = {name: REPOSITORY / name / f"{name}.py" for name in ("USHarmonization", "USRadiomicsLNM")}
for module_file in MODULES.values():
    if str(module_file.parent) not in sys.path:
        sys.path.append(str(module_file.parent))


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "refusals: what only the stand-in refuses; real Slicer goes on in silence")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if slicer_standin.in_real_slicer():
        for item in items:
            if item.get_closest_marker("refusals"):
                item.add_marker(pytest.mark.skip(reason="only the stand-in refuses this"))


@pytest.fixture(scope="session")
def application() -> Any:
    """``slicer.app``: of the Slicer that runs the tests, else of the stand-in, which starts here."""
    if slicer_standin.in_real_slicer():
        import slicer

        return slicer.app
    reason = slicer_standin.missing()
    if reason:
        pytest.skip(reason)
    return slicer_standin.start()


@pytest.fixture
def views(application: Any, scene: Any) -> Any:
    """The layout manager; without a main window there is none, and the test is skipped."""
    if application.layoutManager() is None:
        pytest.skip("needs the main window, with its views")
    return application.layoutManager()


def child_processes() -> set[int]:
    """Processes that this one started and that run still; nothing where the system does not tell."""
    lists = Path("/proc/self/task").glob("*/children") if Path("/proc/self/task").is_dir() else []
    found = set()
    for each in lists:
        try:
            found |= {int(pid) for pid in each.read_text().split()}
        except OSError:
            continue
    return found


def running_timers() -> list[Any]:
    """Timers that fire again and again; those of the application itself among them."""
    import qt

    return [each for each in gc.get_objects() if type(each) is qt.QTimer and not each.singleShot and each.active]


def node_ids(scene: Any) -> set[str]:
    return {scene.GetNthNode(index).GetID() for index in range(scene.GetNumberOfNodes())}


@pytest.fixture
def errors(application: Any, monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    """Exceptions in slots and observers, which the application survives; ``scene`` fails a test that has some.

    A test that means an exception takes it out: ``errors.clear()``.
    """
    caught: list[BaseException] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, trace: caught.append(error))
    return caught


@pytest.fixture
def scene(application: Any, errors: list[BaseException]) -> Iterator[Any]:
    """The application's MRML scene, empty. Fails a test that leaves nodes, timers or child processes behind."""
    import slicer

    scene = slicer.mrmlScene
    scene.Clear(0)
    scene.SetSaveToXMLString(0)  # a test may have set it, and the next one saves to a file
    slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)  # makes it where closing the scene removed it
    application.processEvents()
    nodes, processes, timers = node_ids(scene), child_processes(), len(running_timers())
    yield scene
    scene.Clear(0)
    application.processEvents()
    new = [scene.GetNodeByID(each) for each in node_ids(scene) - nodes]
    # Views make the nodes of their slices anew; those are not saved with a scene.
    left = [node.GetName() for node in new if not node.GetSingletonTag() and node.GetSaveWithScene()]
    for each in node_ids(scene) - nodes:  # closing a scene keeps singletons: views may stay, not what panels remember
        if scene.GetNodeByID(each).IsA("vtkMRMLScriptedModuleNode"):
            scene.RemoveNode(scene.GetNodeByID(each))
    end = time.monotonic() + 5
    while time.monotonic() < end and (child_processes() - processes or len(running_timers()) > timers):
        application.processEvents()  # what was cancelled may take a moment to end
        time.sleep(0.02)
    assert not errors, f"an exception in a slot or an observer: {errors!r}"
    assert not left, f"closing the scene leaves nodes behind: {left}"
    assert not child_processes() - processes, "child processes still run"
    assert len(running_timers()) <= timers, "a timer still runs"


@pytest.fixture
def moduleWidget(application: Any, scene: Any) -> Iterator[Callable[[str], Any]]:
    """``moduleWidget("USHarmonization")``: a new panel of the module (its Python object), shown and entered.

    At the end of the test it is left, cleaned up and deleted, and has to hold no observers then.
    """
    import slicer

    made: list[Any] = []

    def make(name: str) -> Any:
        load(name)
        widget = slicer.util.getNewModuleWidget(name)
        made.append(widget)
        widget.parent.resize(480, 900)
        widget.parent.show()
        widget.parent.enter()
        return widget

    yield make
    for widget in made:
        widget.parent.exit()
        widget.cleanup()
        held = list(getattr(widget, "Observations", []))
        manager = slicer.app.moduleManager()
        manager.disconnect("moduleAboutToBeUnloaded(QString)", widget._onModuleAboutToBeUnloaded)
        widget.parent.close()
        widget.parent.deleteLater()
        application.processEvents()
        assert not held, f"the panel still observes {held} after cleanup()"


def load(name: str) -> Any:
    """The module of that name, loaded from this checkout where the application has it not."""
    import slicer

    module = slicer.app.moduleManager().module(name)
    return module if module is not None else slicer_standin.load_module(MODULES[name])


@pytest.fixture
def processUntil(application: Any) -> Callable[..., bool]:
    """``processUntil(condition, seconds=10)``: run the event loop until the condition holds; False if it never did."""

    def wait(condition: Callable[[], Any], seconds: float = 10.0) -> bool:
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                return False
            application.processEvents()
            time.sleep(0.005)
        return True

    return wait


@pytest.fixture
def picture(application: Any) -> Callable[..., Path | None]:
    """``picture(widget, "harmonize-done")``: save what a widget looks like.

    The PNG goes into the folder that the environment variable USHARMONIZATION_PICTURES names; without it the widget is
    drawn all the same, so that errors in drawing show. ``picture(None, name)`` takes the main window.
    """
    from slicer_standin import pictures

    folder = os.environ.get("USHARMONIZATION_PICTURES")

    def save(widget: Any, name: str) -> Path | None:
        return pictures.save(widget, Path(folder) / f"{name}.png" if folder else None)

    return save
