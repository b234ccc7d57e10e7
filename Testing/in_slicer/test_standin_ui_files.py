"""Loading .ui files, and refusing what Slicer does not have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

FORM = """<?xml version="1.0" encoding="UTF-8"?>
<ui version="4.0">
 <class>Form</class>
 <widget class="qMRMLWidget" name="Form">
  <layout class="QVBoxLayout" name="verticalLayout">
   <item><widget class="qMRMLNodeComboBox" name="inputSelector">
     <property name="nodeTypes"><stringlist><string>vtkMRMLScalarVolumeNode</string></stringlist></property>
     <property name="noneEnabled"><bool>true</bool></property>
   </widget></item>
   <item><widget class="ctkPathLineEdit" name="folderEdit">
     <property name="filters"><set>ctkPathLineEdit::Dirs|ctkPathLineEdit::Readable</set></property>
   </widget></item>
   <item><widget class="QPushButton" name="applyButton"><property name="text"><string>Apply</string></property>
   </widget></item>
  </layout>
 </widget>
 <connections>
  <connection><sender>Form</sender><signal>mrmlSceneChanged(vtkMRMLScene*)</signal>
   <receiver>inputSelector</receiver><slot>setMRMLScene(vtkMRMLScene*)</slot></connection>
 </connections>
</ui>
"""


def load(tmp_path: Path, text: str) -> Any:
    import slicer

    path = tmp_path / "Form.ui"
    path.write_text(text, encoding="utf-8")
    return slicer.util.loadUI(str(path))


def test_widgets_have_their_names_properties_and_connections(scene: Any, tmp_path: Path) -> None:
    import slicer

    widget = load(tmp_path, FORM)
    ui = slicer.util.childWidgetVariables(widget)
    assert ui.applyButton.text == "Apply"
    assert ui.inputSelector.className() == "qMRMLNodeComboBox"
    assert list(ui.inputSelector.nodeTypes) == ["vtkMRMLScalarVolumeNode"]
    assert ui.inputSelector.noneEnabled
    assert ui.inputSelector.mrmlScene() is None
    widget.setMRMLScene(scene)
    assert ui.inputSelector.mrmlScene() is scene
    assert slicer.util.findChild(widget, "applyButton") is ui.applyButton
    widget.setMRMLScene(None)


@pytest.mark.refusals
@pytest.mark.parametrize(
    ("right", "wrong", "named"),
    [
        ('class="qMRMLNodeComboBox"', 'class="qMRMLNodeCombo"', "qMRMLNodeCombo"),
        ('name="noneEnabled"', 'name="noneAllowed"', "noneAllowed"),
        ('property name="text"', 'property name="txt"', "txt"),
        ("ctkPathLineEdit::Readable", "ctkPathLineEdit::Legible", "Legible"),
        ("mrmlSceneChanged(vtkMRMLScene*)", "mrmlSceneChanged()", "mrmlSceneChanged"),
        ("setMRMLScene(vtkMRMLScene*)", "setScene(vtkMRMLScene*)", "setScene"),
        ("<receiver>inputSelector", "<receiver>outputSelector", "outputSelector"),
    ],
)
def test_what_slicer_does_not_have_is_an_error(scene: Any, tmp_path: Path, right: str, wrong: str, named: str) -> None:
    assert right in FORM
    with pytest.raises(RuntimeError, match=named):
        load(tmp_path, FORM.replace(right, wrong))
