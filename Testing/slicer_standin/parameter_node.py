"""``slicer.parameterNodeWrapper``: typed attributes kept in a vtkMRMLScriptedModuleNode."""

from __future__ import annotations

import sys
import types
import typing
from typing import Any

import vtk

from . import parameter_types
from .parameter_types import Default, serializer, split


class _Attribute:
    """A parameter as an attribute."""

    def __init__(self, name: str, kind: Any, default: Default) -> None:
        self.name, self.kind, self.default = name, kind, default

    def __get__(self, wrapper: Any, owner: Any = None) -> Any:
        if wrapper is None:
            return self
        return self.kind.read(wrapper.parameterNode, wrapper._prefix + self.name)

    def __set__(self, wrapper: Any, value: Any) -> None:
        for validator in self.kind.validators:
            validator.validate(value)
        self.kind.write(wrapper.parameterNode, wrapper._prefix + self.name, value)


def _process(cls: type) -> type:
    parameters: dict[str, _Attribute] = {}
    for name, annotation in typing.get_type_hints(cls, include_extras=True).items():
        kind = serializer(annotation)
        notes = [each for each in split(annotation)[1] if isinstance(each, Default)]
        if hasattr(cls, name):
            default = Default(getattr(cls, name))
        else:
            default = notes[0] if notes else Default(generator=kind.default)
        parameters[name] = _Attribute(name, kind, default)
        setattr(cls, name, parameters[name])

    def initialize(self: Any, parameterNode: Any, prefix: str | None = None) -> None:
        self.parameterNode, self._prefix = parameterNode, prefix or ""
        self._tags = {}
        for name, attribute in parameters.items():
            if not attribute.kind.is_in(parameterNode, self._prefix + name):
                attribute.__set__(self, attribute.default.value)

    def known(name: str) -> _Attribute:
        if name not in parameters:
            raise ValueError(f"Cannot find a param with the given name: {name}; found {', '.join(parameters)}")
        return parameters[name]

    members = {
        "__init__": initialize,
        "allParameters": parameters,
        "_is_parameter_node_wrapper": True,
        "default": lambda self, name: known(name).default,
        "getValue": lambda self, name: known(name).__get__(self),
        "setValue": lambda self, name, value: known(name).__set__(self, value),
        "StartModify": lambda self: self.parameterNode.StartModify(),
        "EndModify": lambda self, was: self.parameterNode.EndModify(was),
        "AddObserver": lambda self, event, callback, priority=0.0: self.parameterNode.AddObserver(
            event, callback, priority
        ),
        "RemoveObserver": lambda self, tag: self.parameterNode.RemoveObserver(tag),
        "Modified": lambda self: self.parameterNode.Modified(),
        "connectGui": _connect_gui,
        "connectParametersToGui": _connect_parameters,
        "disconnectGui": _disconnect_gui,
    }
    for name, member in members.items():
        setattr(cls, name, member)
    return cls


# How widgets show a value: property, signal.
GUI = {
    "QCheckBox": ("checked", "toggled(bool)"),
    "QPushButton": ("checked", "toggled(bool)"),
    "ctkCollapsibleButton": ("checked", "toggled(bool)"),
    "QSpinBox": ("value", "valueChanged(int)"),
    "QDoubleSpinBox": ("value", "valueChanged(double)"),
    "QSlider": ("value", "valueChanged(int)"),
    "ctkSliderWidget": ("value", "valueChanged(double)"),
    "ctkDoubleSpinBox": ("value", "valueChanged(double)"),
    "QLineEdit": ("text", "textChanged(QString)"),
    "ctkPathLineEdit": ("currentPath", "currentPathChanged(QString)"),
    "QComboBox": ("currentText", "currentTextChanged(QString)"),
    "qMRMLNodeComboBox": (None, "currentNodeChanged(vtkMRMLNode*)"),
}


class _Binding:
    """One parameter and one widget."""

    def __init__(self, wrapper: Any, name: str, widget: Any) -> None:
        self._wrapper, self._name, self._widget = wrapper, name, widget
        kind = widget.className()
        if kind not in GUI:
            raise NotImplementedError(f"the stand-in's connectGui knows no {kind}: connect it by hand")
        self._property, self._signal = GUI[kind]
        widget.connect(self._signal, self._to_node)
        self.to_widget()

    def _to_node(self) -> None:
        value = self._widget.currentNode() if self._property is None else getattr(self._widget, self._property)
        before = self._wrapper.getValue(self._name)
        if not isinstance(before, str | int | float | None) and hasattr(before, "joinpath"):
            value = type(before)(value)
        if value is not before and value != before:
            self._wrapper.setValue(self._name, value)

    def to_widget(self) -> None:
        value = self._wrapper.getValue(self._name)
        if self._property is None:
            self._widget.setCurrentNode(value)
        else:
            setattr(self._widget, self._property, str(value) if hasattr(value, "joinpath") else value)

    def cut(self) -> None:
        self._widget.disconnect(self._signal, self._to_node)


def _connect_parameters(self: Any, mapping: dict[str, Any]) -> int:
    bindings = [_Binding(self, name, widget) for name, widget in mapping.items()]

    def follow(caller: Any, event: str) -> None:
        for binding in bindings:
            binding.to_widget()

    tag = len(self._tags)
    self._tags[tag] = (bindings, self.AddObserver(vtk.vtkCommand.ModifiedEvent, follow))
    return tag


def _connect_gui(self: Any, gui: Any) -> int:
    import qt

    widgets = gui.findChildren(qt.QWidget) if hasattr(gui, "isWidgetType") else list(vars(gui).values())
    named = {widget.property("SlicerParameterName"): widget for widget in widgets}
    return _connect_parameters(self, {name: widget for name, widget in named.items() if name})


def _disconnect_gui(self: Any, tag: int) -> None:
    if tag in self._tags:
        bindings, observer = self._tags.pop(tag)
        for binding in bindings:
            binding.cut()
        self.RemoveObserver(observer)


def parameterNodeWrapper(classtype: Any = None) -> Any:
    """Class decorator: annotated attributes become parameters of the node given to the constructor."""
    return _process if classtype is None else _process(classtype)


def isParameterNodeWrapper(thing: Any) -> bool:
    """Whether this is a wrapped class or an object of one."""
    return bool(getattr(thing, "_is_parameter_node_wrapper", False))


def make() -> types.ModuleType:
    """The module ``slicer.parameterNodeWrapper``."""
    module = types.ModuleType("slicer.parameterNodeWrapper", __doc__)
    names = ("Validator", "NotNone", "IsInstance", "WithinRange", "Minimum", "Maximum", "Choice", "Exclude", "Default")
    for name in names:
        setattr(module, name, getattr(parameter_types, name))
    for name in ("parameterNodeWrapper", "isParameterNodeWrapper"):
        setattr(module, name, getattr(sys.modules[__name__], name))
    module.__all__ = [*names, "parameterNodeWrapper", "isParameterNodeWrapper"]
    return module
