"""Each loss against its formula, worked by hand."""

from __future__ import annotations

import pytest
import torch

from USHarmonizationLib.losses import (
    discriminator_loss,
    generator_loss,
    hidden,
    l1_loss,
    mix_loss,
    patch_weights,
)
from USHarmonizationLib.ms_ssim import ms_ssim


def image(*rows: list[float]) -> torch.Tensor:
    return torch.tensor([[rows]])


def test_l1_by_hand() -> None:
    a, b = image([0.0, 1.0], [-1.0, 0.5]), image([0.5, 1.0], [1.0, 0.5])
    assert l1_loss(a, b).item() == pytest.approx((0.5 + 0 + 2 + 0) / 4)
    valid = torch.tensor([[[[True, True], [False, True]]]])
    assert l1_loss(a, b, valid).item() == pytest.approx(0.5 / 3)
    assert l1_loss(a, b, torch.zeros(1, 1, 2, 2)).item() == 0.0


def test_generator_loss_by_hand() -> None:
    assert generator_loss(image([0.0, 3.0])).item() == pytest.approx((1 + 4) / 2)


def test_discriminator_loss_by_hand_with_one_sided_smoothing() -> None:
    real, fake = image([0.9, 1.9]), image([0.0, 2.0])
    assert discriminator_loss(real, fake).item() == pytest.approx((0.5 + 2.0) / 2)
    assert discriminator_loss(real, fake, real_label=1.0).item() == pytest.approx(((0.01 + 0.81) / 2 + 2.0) / 2)
    assert discriminator_loss(torch.full((1, 1, 2, 2), 0.9), torch.zeros(1, 1, 2, 2)).item() == pytest.approx(0.0)


def test_scores_count_by_the_valid_share_of_their_patch() -> None:
    valid = torch.zeros(1, 1, 4, 8, dtype=torch.bool)
    valid[..., :2, :2] = True  # the left patch is a quarter valid, the right one not at all
    weights = patch_weights(valid, torch.zeros(1, 1, 1, 2))
    assert weights is not None
    assert weights.flatten().tolist() == [0.25, 0.0]
    assert generator_loss(image([3.0, 100.0]), valid).item() == pytest.approx(4.0)
    assert discriminator_loss(image([1.9, 9.0]), image([2.0, 9.0]), valid, valid).item() == pytest.approx((1 + 4) / 2)


def test_mix_joins_structure_on_0_to_1_and_l1_on_minus_1_to_1() -> None:
    draw = torch.Generator().manual_seed(0)
    a, b = (2 * torch.rand(2, 1, 64, 64, generator=draw) - 1 for _ in range(2))
    valid = torch.rand(2, 1, 64, 64, generator=draw) > 0.2
    structure = 1 - ms_ssim((a + 1) / 2, (b + 1) / 2, valid).mean()
    expected = 0.84 * structure + 0.16 * l1_loss(a, b, valid)
    torch.testing.assert_close(mix_loss(a, b, valid), expected)
    torch.testing.assert_close(mix_loss(a, b, valid, alpha=0.0), l1_loss(a, b, valid))
    assert mix_loss(a, a, valid).item() == pytest.approx(0.0, abs=1e-5)


@pytest.mark.parametrize("loss", [l1_loss, mix_loss])
def test_left_out_pixels_get_no_gradient(loss: object) -> None:
    draw = torch.Generator().manual_seed(0)
    a = (2 * torch.rand(1, 1, 48, 48, generator=draw) - 1).requires_grad_()
    b = 2 * torch.rand(1, 1, 48, 48, generator=draw) - 1
    valid = torch.rand(1, 1, 48, 48, generator=draw) > 0.3
    loss(a, b, valid).backward()  # type: ignore[operator]
    assert a.grad is not None
    assert a.grad[~valid].abs().max().item() == 0.0
    assert a.grad[valid].abs().min().item() > 0.0


def test_hidden_pixels_are_black() -> None:
    picture = torch.ones(1, 1, 2, 2)
    valid = torch.tensor([[[[True, False], [True, True]]]])
    assert hidden(picture, valid).flatten().tolist() == [1.0, -1.0, 1.0, 1.0]
    assert hidden(picture, None) is picture
