"""How values of each annotated type are kept in a parameter node, in the form Slicer keeps them in scenes.

Numbers, texts, paths: ``str(value)``. Booleans: "True", "False". Enumerations: the member's name. Nodes: a node
reference, and an empty parameter that says there is one. Lists: ``name.len`` and ``name.0``, ``name.1``, ... .
"""

from __future__ import annotations

import enum
import pathlib
import types
import typing
from collections.abc import Iterator, MutableSequence
from typing import Any

import slicer


class Validator:
    """Base of what Annotated may say about a value."""

    def validate(self, value: Any) -> None:
        raise NotImplementedError


class NotNone(Validator):
    def validate(self, value: Any) -> None:
        if value is None:
            raise ValueError("Value must not be None")


class IsInstance(Validator):
    def __init__(self, classtype: Any) -> None:
        self.classtype = classtype

    def validate(self, value: Any) -> None:
        if value is not None and not isinstance(value, self.classtype):
            raise TypeError(f"Value must be of type '{self.classtype}', is type '{type(value)}' value '{value}'")


class WithinRange(Validator):
    def __init__(self, minimum: float, maximum: float) -> None:
        self.minimum, self.maximum = minimum, maximum

    def validate(self, value: Any) -> None:
        if not self.minimum <= value <= self.maximum:
            raise ValueError(f"Value must be within range [{self.minimum}, {self.maximum}], is {value}")


class Minimum(Validator):
    def __init__(self, minimum: float) -> None:
        self.minimum = minimum

    def validate(self, value: Any) -> None:
        if value < self.minimum:
            raise ValueError(f"Value must be at least {self.minimum}, is {value}")


class Maximum(Validator):
    def __init__(self, maximum: float) -> None:
        self.maximum = maximum

    def validate(self, value: Any) -> None:
        if value > self.maximum:
            raise ValueError(f"Value must be at most {self.maximum}, is {value}")


class Choice(Validator):
    def __init__(self, choices: Any) -> None:
        self.choices = choices

    def validate(self, value: Any) -> None:
        if value not in self.choices:
            raise ValueError(f"Value is {value}, but must be in one of the following: {self.choices}")


class Exclude(Validator):
    def __init__(self, excludedValues: Any) -> None:
        self.excludedValues = excludedValues

    def validate(self, value: Any) -> None:
        if value in self.excludedValues:
            raise ValueError(f"Value is {value}, but must not be an excluded value: {self.excludedValues}")


class Default:
    """The default of a parameter, as a value or made each time by ``generator``."""

    def __init__(self, value: Any = None, *, generator: Any = None) -> None:
        self._value, self._generator = value, generator

    @property
    def value(self) -> Any:
        return self._generator() if self._generator else self._value


class Text:
    """Values written as text: numbers, texts, paths."""

    def __init__(self, kind: type, default: Any, accepted: Any = None) -> None:
        self.kind, self._default = kind, default
        self.validators: list[Validator] = [NotNone(), IsInstance(accepted or kind)]

    def default(self) -> Any:
        return self._default

    def is_in(self, node: Any, name: str) -> bool:
        return bool(node.HasParameter(name))

    def write(self, node: Any, name: str, value: Any) -> None:
        node.SetParameter(name, self.text(value))

    def text(self, value: Any) -> str:
        return str(value)

    def read(self, node: Any, name: str) -> Any:
        return self.kind(node.GetParameter(name))

    def remove(self, node: Any, name: str) -> None:
        node.UnsetParameter(name)


class Bool(Text):
    def __init__(self) -> None:
        super().__init__(bool, False)

    def read(self, node: Any, name: str) -> bool:
        return bool(node.GetParameter(name) == "True")


class Enumeration(Text):
    def __init__(self, kind: type[enum.Enum]) -> None:
        super().__init__(kind, next(iter(kind)))

    def text(self, value: enum.Enum) -> str:
        return value.name

    def read(self, node: Any, name: str) -> Any:
        return self.kind[node.GetParameter(name)]


class Node(Text):
    """A reference to a node; None is a value."""

    def __init__(self, kinds: tuple[type, ...]) -> None:
        super().__init__(kinds[0], None)
        self.validators = [IsInstance(kinds)]

    def write(self, node: Any, name: str, value: Any) -> None:
        node.SetParameter(name, "")
        node.SetNodeReferenceID(name, value.GetID() if value is not None else None)

    def read(self, node: Any, name: str) -> Any:
        return node.GetNodeReference(name)

    def remove(self, node: Any, name: str) -> None:
        node.UnsetParameter(name)
        node.RemoveNodeReferenceIDs(name)


class Sequence:
    """A list of values of one type."""

    def __init__(self, element: Any) -> None:
        self.element = element
        self.validators: list[Validator] = []

    def default(self) -> list[Any]:
        return []

    def is_in(self, node: Any, name: str) -> bool:
        return bool(node.HasParameter(f"{name}.len"))

    def _length(self, node: Any, name: str) -> int:
        return int(node.GetParameter(f"{name}.len")) if self.is_in(node, name) else 0

    def write(self, node: Any, name: str, values: Any) -> None:
        values = list(values)
        for value in values:
            for validator in self.element.validators:
                validator.validate(value)
        with slicer.util.NodeModify(node):
            before = self._length(node, name)
            for index, value in enumerate(values):
                self.element.write(node, f"{name}.{index}", value)
            node.SetParameter(f"{name}.len", str(len(values)))
            for index in range(len(values), before):
                self.element.remove(node, f"{name}.{index}")

    def read(self, node: Any, name: str) -> ObservedList:
        values = [self.element.read(node, f"{name}.{index}") for index in range(self._length(node, name))]
        return ObservedList(self, node, name, values)

    def remove(self, node: Any, name: str) -> None:
        for index in range(self._length(node, name)):
            self.element.remove(node, f"{name}.{index}")
        node.UnsetParameter(f"{name}.len")


class ObservedList(MutableSequence[Any]):
    """A list whose changes go into the parameter node."""

    def __init__(self, kind: Sequence, node: Any, name: str, values: list[Any]) -> None:
        self._kind, self._node, self._name, self._values = kind, node, name, values

    def _save(self) -> None:
        self._kind.write(self._node, self._name, self._values)

    def __getitem__(self, index: Any) -> Any:
        return self._values[index]

    def __setitem__(self, index: Any, value: Any) -> None:
        self._values[index] = value
        self._save()

    def __delitem__(self, index: Any) -> None:
        del self._values[index]
        self._save()

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)

    def insert(self, index: int, value: Any) -> None:
        self._values.insert(index, value)
        self._save()

    def __eq__(self, other: object) -> bool:
        return list(self._values) == (list(other) if isinstance(other, ObservedList) else other)

    __hash__ = None

    def __repr__(self) -> str:
        return f"ObservedList({self._values})"


def split(annotation: Any) -> tuple[Any, list[Any]]:
    """The type of an annotation and what Annotated adds to it."""
    if typing.get_origin(annotation) is typing.Annotated:
        kind, *notes = typing.get_args(annotation)
        return kind, notes
    return annotation, []


def serializer(annotation: Any) -> Any:
    """What keeps values of this annotated type; ``notes`` that are no validators are ignored here."""
    kind, notes = split(annotation)
    made = _of_type(kind)
    made.validators = [*made.validators, *(each for each in notes if isinstance(each, Validator))]
    return made


def _of_type(kind: Any) -> Any:
    origin = typing.get_origin(kind)
    if kind is bool:
        return Bool()
    if kind in (int, float):
        return Text(kind, 0, (int, float) if kind is float else int)
    if kind is str:
        return Text(str, "")
    if isinstance(kind, type) and issubclass(kind, pathlib.PurePath):
        return Text(kind, kind())
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return Enumeration(kind)
    if isinstance(kind, type) and issubclass(kind, slicer.vtkMRMLNode):
        return Node((kind,))
    if origin is list:
        return Sequence(serializer(typing.get_args(kind)[0]))
    if origin in (typing.Union, types.UnionType):
        kinds = [each for each in typing.get_args(kind) if each is not type(None)]
        if all(isinstance(each, type) and issubclass(each, slicer.vtkMRMLNode) for each in kinds):
            return Node(tuple(kinds))
    raise NotImplementedError(
        f"the stand-in's parameterNodeWrapper keeps no {kind}: it knows int, float, bool, str, Path, Enum, nodes, "
        "Optional nodes, and lists of these"
    )
