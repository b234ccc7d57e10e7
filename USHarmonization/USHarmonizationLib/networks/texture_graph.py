"""``texture_generator.Generator`` in evaluation mode as an OpenVINO graph."""

from __future__ import annotations

from typing import Any

from .openvino_graph import Graph
from .texture_settings import KNOTS, TextureSettings, noise_field

SLOPE = 0.2


def build(graph: Graph, image: Any, **settings: Any) -> Any:
    """The node of the generated image.

    Raises:
        UsageError: a setting is out of range, or a weight is missing or has another shape.
        TypeError: a setting is unknown.
    """
    made = TextureSettings(**settings)
    width, body = made.width, made.body_width

    def convolution(x: Any, name: str, channels: tuple[int, int], kernel: int = 3, dilation: int = 1) -> Any:
        x = graph.reflection_pad(x, dilation * (kernel - 1) // 2)
        return graph.convolution(x, name, channels, kernel, dilation=dilation)

    def active(x: Any) -> Any:
        return graph.leaky_relu(x, SLOPE)

    rise = graph.leaky_relu(graph.convolution(image, "tone.rise", (1, KNOTS - 1), 1))
    toned = graph.convolution(rise, "tone.sum", (KNOTS - 1, 1), 1)
    noise = graph.field(noise_field(), toned)
    fine = active(convolution(graph.concatenate(toned, noise), "stem", (2, width), 5))
    fine = active(convolution(fine, "fine", (width, width)))
    coarse = active(graph.convolution(graph.reflection_pad(fine, 1), "down", (width, body), 4, stride=2))
    for index, dilation in enumerate(made.dilations):
        block = f"body.{index}"
        inner = active(convolution(coarse, f"{block}.first", (body, body), dilation=dilation))
        coarse = active(graph.add(coarse, convolution(inner, f"{block}.second", (body, body))))
    coarse = active(convolution(graph.twice(coarse, "bilinear"), "up", (body, width)))
    merged = active(convolution(graph.concatenate(fine, coarse), "merge", (2 * width, width)))
    finished = active(convolution(merged, "finish", (width, width)))
    return graph.add(toned, convolution(finished, "out", (width, 1)))
