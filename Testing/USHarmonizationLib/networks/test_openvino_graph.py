"""The OpenVINO graphs give what the torch networks give, and take no weights but their own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from USHarmonizationLib.errors import UsageError
from USHarmonizationLib.networks import GENERATORS, build_generator, inference_settings
from USHarmonizationLib.networks.blocks import plain_weights

openvino = pytest.importorskip("openvino")

from USHarmonizationLib.networks.openvino_graph import openvino_model  # noqa: E402 - after the skip

SMALL: dict[str, Any] = {"name": "resnet", "width": 8, "blocks": 2}


def run(model: Any, image: np.ndarray) -> np.ndarray:
    compiled = openvino.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return np.array(compiled(image)[0])


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"channels": 3, "channels_out": 1},
        {"se": True, "sn": True},
        {"se": True, "negative_slope": 0.2},
        {"upsampling": "nearest", "se": True},
        {"upsampling": "bilinear", "width": 80, "blocks": 1, "se": True},
    ],
)
def test_resnet_graph_gives_what_torch_gives(changes: dict[str, Any]) -> None:
    settings = {**SMALL, **changes}
    network = build_generator(settings).eval()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, 0.0, 0.1)
    channels = changes.get("channels", 1)
    image = np.random.default_rng(1).uniform(-1, 1, (1, channels, 36, 52)).astype(np.float32)
    with torch.inference_mode():
        expected = network(torch.from_numpy(image)).numpy()
    found = run(openvino_model(inference_settings(settings), plain_weights(network), channels), image)
    assert expected.std() > 0.05
    np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize("shape", [(32, 34), (60, 300), (514, 40)])
def test_texture_graph_gives_what_torch_gives(shape: tuple[int, int]) -> None:
    settings: dict[str, Any] = {"name": "texture", "width": 4, "body_width": 6, "blocks": 3}
    network = build_generator(settings).eval()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, 0.0, 0.15)
    image = np.random.default_rng(1).uniform(-1, 1, (1, 1, *shape)).astype(np.float32)
    with torch.inference_mode():
        expected = network(torch.from_numpy(image)).numpy()
    found = run(openvino_model(settings, plain_weights(network), 1), image)
    assert expected.std() > 0.01
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_every_graph_named_is_there() -> None:
    from importlib import import_module

    for entry in GENERATORS.values():
        if entry.graph is not None:
            assert callable(import_module(f"USHarmonizationLib.networks.{entry.graph}").build)


def test_foreign_weights_and_settings_are_refused() -> None:
    weights = plain_weights(build_generator(SMALL))
    with pytest.raises(UsageError, match=r"model\.1\.bias is missing"):
        openvino_model(SMALL, {key: weights[key] for key in weights if key != "model.1.bias"}, 1)
    with pytest.raises(UsageError, match=r"other\.weight does not belong"):
        openvino_model(SMALL, {**weights, "other.weight": np.ones(1, np.float32)}, 1)
    with pytest.raises(UsageError, match=r"model\.1\.weight has shape \(8, 1, 7, 7\); needed: \(4, 1, 7, 7\)"):
        openvino_model({**SMALL, "width": 4}, weights, 1)
    with pytest.raises(UsageError, match="depth"):
        openvino_model({**SMALL, "depth": 4}, weights, 1)
    with pytest.raises(UsageError, match="no generator is called"):
        openvino_model({"name": "unet"}, weights, 1)
