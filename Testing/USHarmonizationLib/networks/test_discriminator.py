"""The discriminator: the reference layout, the patch it sees, spectral norm."""

from __future__ import annotations

import pytest
import torch
from torch.nn.utils import parametrize

from USHarmonizationLib.errors import UsageError
from USHarmonizationLib.networks.discriminator import Discriminator

REFERENCE_LAYOUT = [
    ("model.0.weight", (64, 1, 4, 4)),
    ("model.0.bias", (64,)),
    ("model.2.weight", (128, 64, 4, 4)),
    ("model.2.bias", (128,)),
    ("model.5.weight", (256, 128, 4, 4)),
    ("model.5.bias", (256,)),
    ("model.8.weight", (512, 256, 4, 4)),
    ("model.8.bias", (512,)),
    ("model.11.weight", (1, 512, 4, 4)),
    ("model.11.bias", (1,)),
]


def test_parameters_have_reference_names_order_and_shapes() -> None:
    found = [(name, tuple(value.shape)) for name, value in Discriminator().state_dict().items()]
    assert found == REFERENCE_LAYOUT


@pytest.mark.parametrize(("layers", "patch"), [(3, 70), (2, 34), (1, 16)])
def test_a_score_depends_on_one_patch(layers: int, patch: int) -> None:
    """Instance norm couples all pixels, so it is taken out to see the receptive field of the convolutions."""
    network = Discriminator(width=2, layers=layers)
    for index, module in enumerate(network.model):
        if isinstance(module, torch.nn.InstanceNorm2d):
            network.model[index] = torch.nn.Identity()
        elif isinstance(module, torch.nn.Conv2d):
            torch.nn.init.ones_(module.weight)
    image = torch.zeros(1, 1, 160, 160, requires_grad=True)
    scores = network(image)
    scores[0, 0, scores.shape[2] // 2, scores.shape[3] // 2].backward()
    assert image.grad is not None
    rows = image.grad[0, 0].abs().sum(dim=1).nonzero()
    assert int(rows.max() - rows.min()) + 1 == patch


def test_256_pixels_give_30_by_30_scores() -> None:
    assert Discriminator(width=2)(torch.zeros(1, 1, 256, 256)).shape == (1, 1, 30, 30)


@pytest.mark.parametrize("sn", [False, True])
def test_spectral_norm_is_a_switch(sn: bool) -> None:
    network = Discriminator(width=4, sn=sn)
    convolutions = [module for module in network.modules() if isinstance(module, torch.nn.Conv2d)]
    assert [parametrize.is_parametrized(module) for module in convolutions] == [sn] * 5


def test_wrong_settings_are_named() -> None:
    with pytest.raises(UsageError, match="layers"):
        Discriminator(layers=0)
