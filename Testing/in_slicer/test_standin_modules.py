"""Scripted modules: loading, panels, logic, parameter node, reload; packages; the DICOM database; files."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

MODULE = """
import qt
import slicer
from slicer.ScriptedLoadableModule import *
from slicer.util import VTKObservationMixin


class StandinProbe(ScriptedLoadableModule):
    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = "Probe"
        self.parent.categories = ["Testing"]


class StandinProbeWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.calls = []

    def setup(self):
        ScriptedLoadableModuleWidget.setup(self)
        self.logic = StandinProbeLogic()
        self.button = qt.QPushButton("before")
        self.layout.addWidget(self.button)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndCloseEvent, self.onClose)

    def onClose(self, caller, event):
        self.calls.append("close")

    def enter(self):
        self.calls.append("enter")

    def exit(self):
        self.calls.append("exit")

    def cleanup(self):
        self.calls.append("cleanup")
        self.removeObservers()


class StandinProbeLogic(ScriptedLoadableModuleLogic):
    pass
"""


@pytest.fixture(scope="module")
def module(application: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    import slicer_standin

    path = tmp_path_factory.mktemp("module") / "StandinProbe.py"
    path.write_text(MODULE, encoding="utf-8")
    return slicer_standin.load_module(path)


def test_a_module_says_what_it_is(module: Any, scene: Any) -> None:
    import slicer

    assert module.title == "Probe"
    assert list(module.categories) == ["Testing"]
    assert slicer.modules.standinprobe is module
    assert slicer.util.modulePath("StandinProbe") == module.path
    assert slicer.modules.StandinProbeInstance.resourcePath("x").endswith("/Resources/x")


def test_a_panel_is_entered_left_and_cleaned_up(module: Any, scene: Any) -> None:
    import slicer

    widget = slicer.util.getNewModuleWidget("StandinProbe")
    widget.parent.enter()
    assert widget.parent.isEntered
    scene.Clear(0)
    widget.parent.exit()
    widget.cleanup()
    scene.Clear(0)
    assert widget.calls == ["enter", "close", "exit", "cleanup"]
    widget.parent.deleteLater()


def test_a_module_that_is_reloaded_has_a_new_panel(module: Any, scene: Any, application: Any) -> None:
    import slicer

    first = slicer.util.getModuleWidget("StandinProbe")
    path = Path(module.path)
    path.write_text(MODULE.replace("before", "after"), encoding="utf-8")
    slicer.util.reloadScriptedModule("StandinProbe")
    path.write_text(MODULE, encoding="utf-8")
    second = slicer.modules.StandinProbeWidget
    assert first.calls == ["cleanup"]
    assert second is not first
    assert second.button.text == "after"
    assert second.parent is first.parent
    second.cleanup()


def test_the_parameter_node_of_a_module_is_one(module: Any, scene: Any) -> None:
    import slicer

    logic = slicer.util.getModuleWidget("StandinProbe").logic
    node = logic.getParameterNode()
    assert logic.getParameterNode() is node
    assert node.GetAttribute("ModuleName") == "StandinProbe"
    scene.RemoveNode(node)


def test_confirmations_say_no_under_testing(scene: Any) -> None:
    import slicer

    if not slicer.app.testingEnabled():
        pytest.skip("needs --testing")
    assert slicer.util.confirmOkCancelDisplay("Install?") is False


@pytest.mark.refusals
def test_a_modal_dialog_is_an_error(scene: Any) -> None:
    import qt
    from slicer_standin.qt_module import ModalDialogError

    with pytest.raises(ModalDialogError):
        qt.QMessageBox.question(None, "Title", "Sure?")
    with pytest.raises(ModalDialogError):
        qt.QFileDialog.getOpenFileName(None, "Open")
    with pytest.raises(ModalDialogError):
        qt.QMessageBox().exec_()


@pytest.mark.refusals
def test_packages_are_recorded_and_never_installed(scene: Any) -> None:
    import slicer.packaging
    from slicer_standin.packaging_module import recorder

    recorder.reset()
    assert slicer.packaging.pip_check("numpy>=1")
    assert not slicer.packaging.pip_check("no-such-package-at-all")
    slicer.packaging.pip_ensure(["no-such-package-at-all"], requester="probe")
    assert not slicer.packaging.pip_check("no-such-package-at-all")  # under --testing nothing is installed
    slicer.packaging.pip_ensure(["no-such-package-at-all"], requester="probe", skip_in_testing=False)
    assert slicer.packaging.pip_check("no-such-package-at-all")
    recorder.outcome = "decline"
    with pytest.raises(RuntimeError, match="declined"):
        slicer.packaging.pip_ensure(["another-one"], skip_in_testing=False)
    recorder.outcome = "fail"
    with pytest.raises(subprocess.CalledProcessError):
        slicer.packaging.pip_install("another-one")
    assert [name for name, _ in recorder.calls] == ["pip_ensure"] * 3 + ["pip_install"]
    recorder.reset()


def test_a_volume_is_saved_and_loaded(scene: Any, tmp_path: Path) -> None:
    import slicer

    pixels = np.arange(60, dtype=np.uint8).reshape(1, 6, 10)
    node = slicer.util.addVolumeFromArray(pixels, name="frame")
    path = tmp_path / "frame.nrrd"
    assert slicer.util.saveNode(node, str(path))
    loaded = slicer.util.loadVolume(str(path), {"show": False})
    assert np.array_equal(slicer.util.arrayFromVolume(loaded), pixels)


def test_a_picture_is_loaded_as_a_volume(scene: Any, tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image", reason="writes a PNG")
    import slicer

    pixels = np.arange(60, dtype=np.uint8).reshape(6, 10)
    image.fromarray(pixels).save(tmp_path / "frame.png")
    node = slicer.util.loadVolume(str(tmp_path / "frame.png"), {"singleFile": True, "show": False})
    assert np.array_equal(slicer.util.arrayFromVolume(node)[0], pixels)


def test_a_scene_is_saved_and_loaded(scene: Any, tmp_path: Path) -> None:
    import slicer

    slicer.util.addVolumeFromArray(np.ones((1, 4, 5), np.uint8), name="frame")
    path = tmp_path / "scene.mrb"
    assert slicer.util.saveScene(str(path))
    scene.Clear(0)
    slicer.util.loadScene(str(path))
    assert np.array_equal(slicer.util.arrayFromVolume(slicer.util.getNode("frame")), np.ones((1, 4, 5)))


def test_a_file_that_is_not_there_is_an_error(scene: Any, tmp_path: Path) -> None:
    import slicer

    with pytest.raises(RuntimeError, match="absent"):
        slicer.util.loadVolume(str(tmp_path / "absent.nrrd"))


@pytest.mark.refusals
def test_the_dicom_database_answers_for_real_files(scene: Any) -> None:
    testing = pytest.importorskip("pydicom.data", reason="reads a DICOM file")
    pydicom = pytest.importorskip("pydicom", reason="reads a DICOM file")
    import slicer

    path = testing.get_testdata_file("CT_small.dcm")
    header = pydicom.dcmread(path, stop_before_pixels=True)
    slicer.dicomDatabase.insert(path)
    assert slicer.dicomDatabase.fileForInstance(str(header.SOPInstanceUID)) == path
    assert slicer.dicomDatabase.fileValue(path, "0008,0070") == header.Manufacturer
    assert slicer.dicomDatabase.instanceValue(str(header.SOPInstanceUID), "0008,0008") == "ORIGINAL\\PRIMARY\\AXIAL"
    assert slicer.dicomDatabase.fileValue(path, "0018,6011") == ""
