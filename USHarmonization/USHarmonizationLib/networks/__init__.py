"""Networks by name: a generator is added by adding one module here and one line to ``GENERATORS``.

Nothing heavy is imported until a network is built.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..errors import UsageError

if TYPE_CHECKING:
    from torch import nn

# Name -> module of this package. The module has a class ``Generator``: built from keyword settings, its ``forward``
# maps (n, channels, rows, columns) in [-1, 1] to the same size and range, for rows and columns that are multiples of
# its class attribute ``multiple`` and at least ``smallest``.
GENERATORS: dict[str, str] = {"resnet": "generator"}


def build_generator(settings: Mapping[str, Any]) -> nn.Module:
    """Build the generator that ``settings["name"]`` names, with the other entries as its settings; float32 on the CPU.

    Raises:
        UsageError: the name is not in ``GENERATORS``, or a setting is unknown or out of range.
    """
    arguments = dict(settings)
    name = arguments.pop("name", None)
    if name not in GENERATORS:
        raise UsageError(f"no generator is called {name!r}; known: {', '.join(sorted(GENERATORS))}")
    generator = import_module(f".{GENERATORS[name]}", __name__).Generator
    try:
        network: nn.Module = generator(**arguments)
    except TypeError as error:
        raise UsageError(f"settings of generator {name!r}: {error}") from None
    return network


def inference_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of the network that ``blocks.plain_state`` fits: spectral norm is folded into the weights."""
    return {name: value for name, value in settings.items() if name != "sn"}
