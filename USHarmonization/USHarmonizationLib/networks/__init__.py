"""Generators by name: one is added by adding its module here and one line to ``GENERATORS``.

Nothing heavy is imported until a network is built.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from .texture_settings import NOISE_SIDE

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Architecture:
    """What is known about a generator without loading torch.

    Attributes:
        module: module of this package with the class ``Generator``: built from keyword settings, its ``forward`` maps
            (n, channels, rows, columns) in [-1, 1] to the same size and range.
        graph: module of this package with the function ``build(graph, image, **settings)``, the same network as an
            OpenVINO graph (see ``openvino_graph``); None: it runs on torch only, which is slower on a CPU.
        multiple: rows and columns have to be multiples of this.
        smallest: least rows and columns.
        halo: how far from an output pixel the input pixels lie that it depends on; None: they are everywhere (instance
            norm, attention), so that an image cannot be cut into tiles.
    """

    module: str
    graph: str | None = None
    multiple: int = 1
    smallest: int = 1
    halo: int | None = None


GENERATORS: dict[str, Architecture] = {
    "resnet": Architecture("generator", graph="resnet_graph", multiple=4, smallest=16),
    # It sees some 40 pixels far; the halo is the period of its noise, so that tiles get the frame's own.
    "texture": Architecture("texture_generator", graph="texture_graph", multiple=2, smallest=32, halo=NOISE_SIDE),
}


def architecture(settings: Mapping[str, Any]) -> Architecture:
    """The architecture that ``settings["name"]`` names.

    Raises:
        UsageError: there is none.
    """
    name = settings.get("name")
    if name not in GENERATORS:
        raise UsageError(f"no generator is called {name!r}; known: {', '.join(sorted(GENERATORS))}")
    return GENERATORS[str(name)]


def build_generator(settings: Mapping[str, Any]) -> nn.Module:
    """Build the generator that ``settings["name"]`` names, with the other entries as its settings; float32 on the CPU.

    Raises:
        UsageError: the name is not in ``GENERATORS``, or a setting is unknown or out of range.
    """
    generator = import_module(f".{architecture(settings).module}", __name__).Generator
    try:
        network: nn.Module = generator(**own_settings(settings))
    except TypeError as error:
        raise UsageError(f"settings of generator {settings['name']!r}: {error}") from None
    return network


def own_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings without the name."""
    return {name: value for name, value in settings.items() if name != "name"}


def inference_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of the network that ``blocks.plain_state`` fits: spectral norm is folded into the weights."""
    return {name: value for name, value in settings.items() if name != "sn"}
