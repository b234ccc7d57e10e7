"""The critic sees patches, bands and the region."""

from __future__ import annotations

import torch

from USHarmonizationLib.networks.band_critic import BandCritic


def test_scores_are_local_and_depend_on_the_region() -> None:
    torch.manual_seed(0)
    critic = BandCritic(8).eval()
    image, region = torch.rand(1, 1, 96, 96) * 2 - 1, torch.zeros(1, 1, 96, 96)
    scores = critic(image, region)
    assert scores.shape == (1, 1, 24, 24)
    changed = image.clone()
    changed[..., :8, :8] *= -1
    moved = (critic(changed, region) - scores).abs()[0, 0] > 1e-6
    assert moved[0, 0]
    assert not moved[9:, :].any()
    assert not torch.allclose(critic(image, torch.ones_like(region)), scores)


def test_fine_texture_is_seen_although_it_is_weak() -> None:
    """Half a grey level of row noise, far below what the image itself varies by, changes the scores visibly."""
    torch.manual_seed(0)
    critic = BandCritic(8).eval()
    image, region = torch.zeros(1, 1, 64, 64), torch.ones(1, 1, 64, 64)
    rows = torch.zeros_like(image)
    rows[..., ::2, :] = 0.02
    flat, lined = critic(image, region), critic(image + rows - rows.mean(), region)
    assert (flat - lined).abs().mean() > 1e-3
