"""The texture generator: the tone curve it begins with, its borders, its noise."""

from __future__ import annotations

import pytest
import torch

from USHarmonizationLib.errors import UsageError
from USHarmonizationLib.networks import build_generator
from USHarmonizationLib.networks.texture_generator import ToneCurve

SMALL = {"name": "texture", "width": 4, "body_width": 6, "blocks": 2}


def test_tone_curve_begins_as_identity_and_goes_through_what_it_is_given() -> None:
    image = torch.linspace(-1, 1, 201).reshape(1, 1, 1, -1)
    curve = ToneCurve()
    assert torch.allclose(curve(image), image, atol=1e-6)
    values = torch.sin(2 * curve.knots())
    curve.fit(values)
    assert torch.allclose(curve(curve.knots().reshape(1, 1, 1, -1)).flatten(), values, atol=1e-5)
    middle = (curve.knots()[:-1] + curve.knots()[1:]) / 2
    assert torch.allclose(curve(middle.reshape(1, 1, 1, -1)).flatten(), (values[:-1] + values[1:]) / 2, atol=1e-5)
    assert not any(parameter.requires_grad for parameter in curve.parameters())


def test_evaluation_repeats_to_the_bit_and_training_draws_new_noise() -> None:
    torch.manual_seed(0)
    network = build_generator(SMALL)
    torch.nn.init.normal_(network.out.weight, 0.0, 0.3)  # type: ignore[union-attr,arg-type]
    image = torch.rand(1, 1, 40, 300) * 2 - 1
    network.eval()
    assert torch.equal(network(image), network(image))
    network.train()
    assert not torch.equal(network(image), network(image))


def test_a_crop_gives_what_the_frame_gives_away_from_its_border() -> None:
    """Why there is no instance norm: training sees crops, use sees frames. The noise is the frame's own."""
    torch.manual_seed(0)
    network = build_generator(SMALL).eval()
    torch.nn.init.normal_(network.out.weight, 0.0, 0.3)  # type: ignore[union-attr,arg-type]
    image = torch.rand(1, 1, 128, 128) * 2 - 1
    with torch.no_grad():
        frame, crop = network(image), network(image[..., :96, :96])
    assert torch.allclose(frame[..., :48, :48], crop[..., :48, :48], atol=1e-5)


@pytest.mark.parametrize("wrong", [{"width": 0}, {"blocks": 7}, {"body_width": 2.5}, {"depth": 3}])
def test_settings_that_make_no_network_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError, match=next(iter(wrong))):
        build_generator({**SMALL, **wrong})
