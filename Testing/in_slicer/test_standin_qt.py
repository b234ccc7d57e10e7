"""The manners of PythonQt: properties as attributes, signals by signature."""

from __future__ import annotations

from typing import Any

import pytest


def test_a_property_is_an_attribute_and_hides_the_method(scene: Any) -> None:
    import qt

    label = qt.QLabel("before")
    assert label.text == "before"
    label.text = "after"
    label.enabled = False
    assert (label.text, label.enabled, label.isEnabled()) == ("after", False, False)
    label.name = "myLabel"
    assert label.objectName == "myLabel"
    assert label.className() == "QLabel"


def test_an_attribute_that_qt_does_not_have_cannot_be_set(scene: Any) -> None:
    import qt

    label = qt.QLabel()
    with pytest.raises(AttributeError, match="colour"):
        label.colour = "red"
    with pytest.raises(AttributeError, match="colour"):
        _ = label.colour
    with pytest.raises(AttributeError):
        label.text = None


def test_a_python_class_may_have_attributes_of_its_own(scene: Any) -> None:
    import qt

    class Panel(qt.QWidget):
        def __init__(self) -> None:
            super().__init__()
            self.colour = "red"

    assert Panel().colour == "red"


def test_slots_get_as_many_arguments_as_they_take(scene: Any) -> None:
    import qt

    got: list[Any] = []

    def both(checked: bool) -> None:
        got.append(checked)

    button = qt.QPushButton()
    button.checkable = True
    button.connect("clicked(bool)", both)
    button.connect("clicked(bool)", lambda: got.append("none"))
    button.clicked.connect(lambda *arguments: got.append(arguments))
    button.click()
    assert got == [True, "none", (True,)]
    assert button.disconnect("clicked(bool)", both)
    got.clear()
    button.click()
    assert got == ["none", (False,)]


@pytest.mark.refusals
@pytest.mark.parametrize("signal", ["clickd()", "clicked(QString)", "clicked", "checkStateChanged(Qt::CheckState)"])
def test_a_signal_that_does_not_exist_is_an_error(scene: Any, signal: str) -> None:
    import qt

    with pytest.raises(AttributeError, match=signal.partition("(")[0]):
        qt.QCheckBox().connect(signal, print)


def test_an_exception_in_a_slot_does_not_reach_the_sender(scene: Any, errors: list[BaseException]) -> None:
    import qt

    def fail() -> None:
        raise ValueError("in a slot")

    button = qt.QPushButton()
    button.connect("clicked()", fail)
    button.click()
    assert [str(each) for each in errors] == ["in a slot"]
    errors.clear()


def test_timers_fire_while_the_loop_runs(scene: Any, processUntil: Any) -> None:
    import qt

    got: list[str] = []
    timer = qt.QTimer()
    timer.setInterval(10)
    timer.connect("timeout()", lambda: got.append("timer"))
    timer.start()
    qt.QTimer.singleShot(1, lambda: got.append("once"))
    assert processUntil(lambda: got.count("timer") >= 2, 5)
    timer.stop()
    assert got.count("once") == 1
    assert not processUntil(lambda: False, 0.05)


def test_enumerations_compare_with_numbers(scene: Any) -> None:
    import qt

    box = qt.QCheckBox()
    box.setCheckState(qt.Qt.Checked)
    assert box.checkState() == 2
    assert qt.QMessageBox.Yes == 16384
