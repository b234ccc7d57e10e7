"""``generator.Generator`` as an OpenVINO graph; spectral norm is folded into the weights."""

from __future__ import annotations

from typing import Any

from .openvino_graph import Graph
from .resnet_settings import ResnetSettings


def build(graph: Graph, image: Any, **settings: Any) -> Any:
    """The node of the generated image.

    Raises:
        UsageError: a setting is out of range, or a weight is missing or has another shape.
        TypeError: a setting is unknown.
    """
    made = ResnetSettings(**settings)
    width = made.width

    def activated(x: Any, name: str, channels: int, slope: float = 0.0, attention: bool = made.se) -> Any:
        x = graph.leaky_relu(graph.instance_norm(x), slope)
        return _attention(graph, x, f"{name}.1.gate", channels) if attention else x

    x = graph.convolution(graph.reflection_pad(image, 3), "model.1", (made.channels, width), 7)
    x = activated(x, "model.3", width, made.negative_slope, attention=False)
    for layer, features in ((4, 2 * width), (7, 4 * width)):
        x = graph.convolution(x, f"model.{layer}", (features // 2, features), 3, stride=2, padding=1)
        x = activated(x, f"model.{layer + 2}", features, made.negative_slope)
    features = 4 * width
    for layer in range(10, 10 + made.blocks):
        block = f"model.{layer}.conv_block"
        y = graph.convolution(graph.reflection_pad(x, 1), f"{block}.1", (features, features), 3)
        y = activated(y, f"{block}.3", features)
        y = graph.convolution(graph.reflection_pad(y, 1), f"{block}.5", (features, features), 3)
        x = graph.add(x, graph.instance_norm(y))
    layer = 10 + made.blocks
    for features in (2 * width, width):
        if made.upsampling == "transpose":
            x = graph.transposed_convolution(x, f"model.{layer}", (2 * features, features))
        else:
            x = graph.reflection_pad(graph.twice(x, made.upsampling), 1)
            x = graph.convolution(x, f"model.{layer}.2", (2 * features, features), 3)
        x = activated(x, f"model.{layer + 2}", features)
        layer += 3
    output = (width, made.channels_out or made.channels)
    return graph.tanh(graph.convolution(graph.reflection_pad(x, 3), f"model.{layer + 1}", output, 7))


def _attention(graph: Graph, x: Any, name: str, channels: int) -> Any:
    hidden = max(channels // 16, 4)
    gate = graph.leaky_relu(graph.convolution(graph.mean(x), f"{name}.0", (channels, hidden), 1))
    return graph.multiply(x, graph.sigmoid(graph.convolution(gate, f"{name}.2", (hidden, channels), 1)))
