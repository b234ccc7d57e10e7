"""OpenVINO graphs of generators, made from a bundle's settings and weights without loading torch.

OpenVINO is optional: about 2 to 4 times as fast as torch on a CPU, and loaded in a fraction of the time. Operations
follow their torch namesakes exactly, and give the same bits with any number of threads.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from . import architecture, own_settings

# The second number in brackets of torch.nn.InstanceNorm2d's formula.
EPSILON = 1e-5


class Graph:
    """Operations on nodes of shape (n, channels, rows, columns); those with weights take them by their name.

    Args:
        weights: name -> array, as in a network's state; every one has to be used.
    """

    def __init__(self, weights: Mapping[str, NDArray[np.float32]]) -> None:
        from openvino import opset13

        self._ops: Any = opset13
        self._weights = dict(weights)

    def weight(self, name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """Take a weight.

        Raises:
            UsageError: there is none of this name, or it has another shape.
        """
        if name not in self._weights:
            raise UsageError(f"weight {name} is missing; needed: one of shape {shape}")
        values = self._weights.pop(name)
        if values.shape != shape:
            raise UsageError(f"weight {name} has shape {values.shape}; needed: {shape}")
        return values

    def finished(self) -> None:
        """Raise UsageError when a weight was not used."""
        if self._weights:
            raise UsageError(f"weight {min(self._weights)} does not belong to this network")

    def convolution(
        self,
        x: Any,
        name: str,
        channels: tuple[int, int],
        kernel: int,
        stride: int = 1,
        padding: int = 0,
        dilation: int = 1,
    ) -> Any:
        """``Conv2d(*channels, kernel, stride, padding, dilation)`` with zeros around."""
        weight = self.weight(f"{name}.weight", (channels[1], channels[0], kernel, kernel))
        around = [padding, padding]
        x = self._ops.convolution(x, weight, [stride, stride], around, around, [dilation, dilation])
        return self._ops.add(x, self.weight(f"{name}.bias", (channels[1],)).reshape(1, channels[1], 1, 1))

    def transposed_convolution(self, x: Any, name: str, channels: tuple[int, int]) -> Any:
        """``ConvTranspose2d(*channels, 3, stride=2, padding=1, output_padding=1)``: twice the size.

        As a plain convolution that makes the four pixels of each 2 x 2 square as channels (Shi et al., CVPR 2016),
        since the bits of OpenVINO's own operation depend on the number of threads for some sizes. An even row takes the
        kernel's middle row of the pixel above it, an odd row its last row of that pixel and its first row of the next.
        """
        weight = self.weight(f"{name}.weight", (channels[0], channels[1], 3, 3)).swapaxes(0, 1)
        quads = np.zeros((channels[1], 2, 2, channels[0], 2, 2), np.float32)
        taps = ((0, 0, 1), (1, 0, 2), (1, 1, 0))  # odd or even, this pixel or the next, row of the kernel
        for row, next_row, kernel_row in taps:
            for column, next_column, kernel_column in taps:
                quads[:, row, column, :, next_row, next_column] = weight[:, :, kernel_row, kernel_column]
        kernel = quads.reshape(4 * channels[1], channels[0], 2, 2)
        bias = self.weight(f"{name}.bias", (channels[1],)).repeat(4).reshape(1, -1, 1, 1)
        x = self._ops.add(self._ops.convolution(x, kernel, [1, 1], [0, 0], [1, 1], [1, 1]), bias)
        return self._ops.depth_to_space(x, "depth_first", 2)

    def reflection_pad(self, x: Any, amount: int) -> Any:
        """``ReflectionPad2d(amount)``."""
        around = [0, 0, amount, amount]
        return self._ops.pad(x, around, around, "reflect")

    def instance_norm(self, x: Any) -> Any:
        """``InstanceNorm2d`` without weights.

        Not by OpenVINO's own operation (mvn): its sums depend on the number of threads, which would let a pixel in a
        hundred change by one grey level between a run on one core and a run on two, and lose precision (an error of
        2e-4 for 512 x 512 pixels, 1e-3 where the mean is 20 deviations; here 2e-6 and 7e-6). Written out like this, it
        is not recognised and replaced by mvn either. It costs 2 % of the time at width 64, 10 % at 32, 17 % at 16.
        """
        ops, axes = self._ops, np.array([2, 3])
        mean = ops.reduce_mean(x, axes, True)
        variance = ops.reduce_mean(ops.squared_difference(x, mean), axes, True)
        deviation = ops.sqrt(ops.add(variance, np.float32(EPSILON)))
        return ops.multiply(ops.subtract(x, mean), ops.divide(ops.constant(np.float32(1)), deviation))

    def leaky_relu(self, x: Any, slope: float = 0.0) -> Any:
        """``LeakyReLU(slope)``, ``ReLU`` for slope 0."""
        return self._ops.prelu(x, np.array([slope], np.float32)) if slope else self._ops.relu(x)

    def mean(self, x: Any) -> Any:
        """Mean of each channel, (n, channels, 1, 1)."""
        return self._ops.reduce_mean(x, np.array([2, 3]), True)

    def sigmoid(self, x: Any) -> Any:
        return self._ops.sigmoid(x)

    def tanh(self, x: Any) -> Any:
        return self._ops.tanh(x)

    def add(self, x: Any, y: Any) -> Any:
        return self._ops.add(x, y)

    def multiply(self, x: Any, y: Any) -> Any:
        return self._ops.multiply(x, y)

    def concatenate(self, x: Any, y: Any) -> Any:
        """``torch.cat([x, y], dim=1)``."""
        return self._ops.concat([x, y], 1)

    def field(self, values: NDArray[np.float32], like: Any) -> Any:
        """``values`` (1, 1, rows, columns), repeated and cut to the rows and columns of ``like``."""
        ops = self._ops
        size = ops.slice(ops.shape_of(like), np.array([2]), np.array([4]), np.array([1]))
        side = np.array(values.shape[2:])
        repeats = ops.divide(ops.add(size, side - 1), side)
        tiled = ops.tile(ops.constant(values), ops.concat([np.array([1, 1]), repeats], 0))
        return ops.slice(tiled, np.array([0, 0]), size, np.array([1, 1]), np.array([2, 3]))

    def twice(self, x: Any, mode: str) -> Any:
        """``Upsample(scale_factor=2, mode)``, ``nearest`` or ``bilinear`` (corners not aligned)."""
        return self._ops.interpolate(
            x,
            np.array([2.0, 2.0], np.float32),
            {"nearest": "nearest", "bilinear": "linear_onnx"}[mode],
            "scales",
            coordinate_transformation_mode="asymmetric" if mode == "nearest" else "half_pixel",
            nearest_mode="floor",
            axes=np.array([2, 3]),
        )


def openvino_model(settings: Mapping[str, Any], weights: Mapping[str, NDArray[np.float32]], channels: int) -> Any:
    """The generator as an ``openvino.Model`` for images (1, channels, rows, columns) of any size.

    Raises:
        UsageError: there is no graph of this generator, a setting is unknown or out of range, or the weights are not
            its own.
    """
    import openvino

    module = architecture(settings).graph
    if module is None:
        raise UsageError(f"generator {settings['name']!r} has no OpenVINO graph")
    build = import_module(f".{module}", __package__).build
    graph = Graph(weights)
    image = openvino.opset13.parameter([1, channels, -1, -1], np.float32, "image")
    try:
        result = build(graph, image, **own_settings(settings))
    except TypeError as error:
        raise UsageError(f"settings of generator {settings['name']!r}: {error}") from None
    graph.finished()
    return openvino.Model([result], [image], str(settings["name"]))
