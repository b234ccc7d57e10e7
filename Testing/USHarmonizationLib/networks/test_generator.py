"""The generator: the reference layout, a fixed-weight output, and switches that change one thing each."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from reference_layout import fixed_weights, reference_input, reference_layout, reference_output
from torch.nn.utils import parametrize

from USHarmonizationLib.errors import UsageError
from USHarmonizationLib.networks import build_generator, inference_settings
from USHarmonizationLib.networks.blocks import ChannelAttention, plain_state
from USHarmonizationLib.networks.generator import Generator


def picture(channels: int, rows: int, columns: int) -> torch.Tensor:
    values = np.random.Generator(np.random.PCG64(7)).uniform(-1, 1, (1, channels, rows, columns))
    return torch.from_numpy(values.astype(np.float32))


@pytest.mark.parametrize(("channels", "width", "blocks"), [(1, 64, 9), (3, 64, 9), (3, 32, 6)])
def test_parameters_have_reference_names_order_and_shapes(channels: int, width: int, blocks: int) -> None:
    with torch.device("meta"):
        network = Generator(channels=channels, width=width, blocks=blocks)
    assert [(name, tuple(value.shape)) for name, value in network.state_dict().items()] == reference_layout(
        channels, width, blocks
    )


def test_resnet_9_of_width_64_has_the_published_number_of_parameters() -> None:
    with torch.device("meta"):
        network = Generator(channels=3)
    assert sum(parameter.numel() for parameter in network.parameters()) == 11_378_179


@pytest.mark.parametrize(("channels", "blocks"), [(1, 9), (3, 6)])
def test_output_for_fixed_weights_is_that_of_the_reference_implementation(channels: int, blocks: int) -> None:
    network = Generator(channels=channels, width=8, blocks=blocks)
    state = fixed_weights(channels, 8, blocks)
    network.load_state_dict({name: torch.from_numpy(values) for name, values in state.items()})
    expected = reference_output(channels, blocks)
    with torch.inference_mode():
        found = network(torch.from_numpy(reference_input(channels))).numpy()
    assert expected.std() > 0.1
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("sn", "se", "upsampling"), list(itertools.product([False, True], [False, True], ["transpose", "nearest"]))
)
def test_switches_combine_and_keep_the_names_of_convolutions(sn: bool, se: bool, upsampling: str) -> None:
    network = Generator(width=8, blocks=2, sn=sn, se=se, upsampling=upsampling)
    assert network(picture(1, 32, 20)).shape == (1, 1, 32, 20)
    assert any(isinstance(module, ChannelAttention) for module in network.modules()) == se
    names = set(plain_state(network))
    if upsampling == "transpose":
        assert {name for name, _ in reference_layout(1, 8, 2)} <= names
    assert sum("gate" in name for name in names) == (4 * 6 if se else 0)  # d128, d256, two blocks, u128, u64


def test_spectral_norm_bounds_every_convolution_but_the_last() -> None:
    torch.manual_seed(0)
    network = Generator(width=8, blocks=1, sn=True, se=True)
    constrained = {name for name, module in network.named_modules() if parametrize.is_parametrized(module)}
    assert constrained == {"model.1", "model.4", "model.7", "model.10.conv_block.1", "model.10.conv_block.5"} | {
        "model.11",
        "model.14",
    }
    for _ in range(200):  # power iterations
        network(picture(1, 16, 16))
    weight = network.eval().model[4].weight.detach()
    assert torch.linalg.matrix_norm(weight.flatten(1), ord=2).item() == pytest.approx(1.0, abs=1e-3)


def test_folding_spectral_norm_keeps_the_output() -> None:
    network = Generator(width=8, blocks=2, sn=True, se=True).train()
    network(picture(1, 32, 32))
    plain = build_generator(inference_settings({"name": "resnet", "width": 8, "blocks": 2, "sn": True, "se": True}))
    plain.load_state_dict(plain_state(network))
    assert network.training
    assert parametrize.is_parametrized(network.model[1])  # the one in training is left as it is
    with torch.inference_mode():
        torch.testing.assert_close(plain(picture(1, 32, 32)), network.eval()(picture(1, 32, 32)), atol=1e-6, rtol=0)


def test_plain_state_of_a_plain_network_is_its_state() -> None:
    network = Generator(width=4, blocks=1)
    state = plain_state(network)
    assert list(state) == list(network.state_dict())
    assert all(torch.equal(value, state[name]) for name, value in network.state_dict().items())


def test_attention_scales_channels_by_their_means() -> None:
    attention = ChannelAttention(2)
    for convolution in (attention.gate[0], attention.gate[2]):
        torch.nn.init.zeros_(convolution.weight)
        torch.nn.init.zeros_(convolution.bias)
    attention.gate[0].weight.data[0, 0] = 1.0  # hidden unit 0 = mean of channel 0
    attention.gate[2].weight.data[1, 0] = 1.0  # gate of channel 1 = sigmoid(hidden unit 0)
    x = torch.stack([torch.tensor([[1.0, 3.0]]), torch.tensor([[4.0, 8.0]])])[None]
    gate = 1 / (1 + np.exp(-2.0))
    torch.testing.assert_close(
        attention(x), torch.tensor([[[[0.5, 1.5]], [[4.0 * gate, 8.0 * gate]]]], dtype=torch.float32)
    )


def test_attention_sees_different_images_differently() -> None:
    """A gate fed by instance-normalised channels without activation would be a constant; none of ours is."""
    network = Generator(width=8, blocks=2, se=True)
    means: dict[torch.nn.Module, list[torch.Tensor]] = {}
    for module in network.modules():
        if isinstance(module, ChannelAttention):
            means[module] = []
            module.register_forward_hook(lambda m, x, y: means[m].append(x[0].mean(dim=(2, 3)).detach()))
    network(picture(1, 32, 32))
    network(torch.rand(1, 1, 32, 32).cumsum(dim=3) / 16 - 1)
    assert len(means) == 6
    assert all((first - second).abs().max() > 1e-3 for first, second in means.values())


def test_weights_begin_at_normal_0_02() -> None:
    torch.manual_seed(0)
    weight = Generator(width=32, blocks=1).model[10].conv_block[1].weight
    assert weight.mean().item() == pytest.approx(0.0, abs=1e-3)
    assert weight.std().item() == pytest.approx(0.02, rel=0.02)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"name": "unet"}, "resnet"),
        ({}, "resnet"),
        ({"name": "resnet", "depth": 3}, "depth"),
        ({"name": "resnet", "width": 0}, "width"),
        ({"name": "resnet", "blocks": "9"}, "blocks"),
        ({"name": "resnet", "upsampling": "cubic"}, "bilinear"),
    ],
)
def test_wrong_settings_are_named(settings: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        build_generator(settings)


def test_generator_is_built_by_name() -> None:
    network = build_generator({"name": "resnet", "width": 4, "blocks": 1})
    assert isinstance(network, Generator)
