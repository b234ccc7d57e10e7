"""What the networks are trained on: six terms, two each of adversarial, cycle and identity loss.

Every term takes ``valid``, (n, 1, rows, columns) bool or weights in [0, 1]: pixels with weight 0 (overlays, outside of
the sector) take no part. All images are (n, 1, rows, columns) in [-1, 1].
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from .ms_ssim import ms_ssim

# Zhao et al., arXiv 1511.08861, section III-E.
MIX_ALPHA = 0.84

# The paper: "modifies the features label to 90% of their original values".
REAL_LABEL = 0.9


def weighted_mean(values: Tensor, weight: Tensor | None) -> Tensor:
    """Scalar mean of ``values`` with ``weight`` (one that broadcasts; None: all 1); 0 when nothing has weight."""
    if weight is None:
        return values.mean()
    weight = weight.to(values.dtype).expand_as(values)
    return (values * weight).sum() / weight.sum().clamp(min=1e-12)


def l1_loss(a: Tensor, b: Tensor, valid: Tensor | None = None) -> Tensor:
    """Mean absolute difference; the cycle and identity loss of CycleGAN (Zhu et al., ICCV 2017, section 3.2, 5.2)."""
    return weighted_mean((a - b).abs(), valid)


def mix_loss(a: Tensor, b: Tensor, valid: Tensor | None = None, alpha: float = MIX_ALPHA) -> Tensor:
    """alpha (1 - MS-SSIM) + (1 - alpha) L1 (Zhao et al., arXiv 1511.08861, equation 14).

    MS-SSIM is taken on [0, 1] (its luminance term needs values from 0), L1 on [-1, 1], so that ``alpha`` 0 is the plain
    cycle loss. Zhao et al. weight L1 with the Gaussian of the coarsest scale; averaged over the image that window only
    spreads the same sum, borders aside, so that L1 is used as it is.
    """
    similarity = ms_ssim((a + 1) / 2, (b + 1) / 2, valid).mean()
    return alpha * (1 - similarity) + (1 - alpha) * l1_loss(a.float(), b.float(), valid)


def patch_weights(valid: Tensor | None, scores: Tensor) -> Tensor | None:
    """(n, 1, patch rows, patch columns): the valid share of the pixels nearest to each patch's centre."""
    return None if valid is None else functional.interpolate(valid.float(), size=scores.shape[-2:], mode="area")


def generator_loss(fake_scores: Tensor, valid: Tensor | None = None) -> Tensor:
    """Least-squares adversarial loss of a generator: its images should score 1 (Mao et al., ICCV 2017, equation 9)."""
    return weighted_mean((fake_scores.float() - 1) ** 2, patch_weights(valid, fake_scores))


def discriminator_loss(
    real_scores: Tensor,
    fake_scores: Tensor,
    real_valid: Tensor | None = None,
    fake_valid: Tensor | None = None,
    real_label: float = REAL_LABEL,
) -> Tensor:
    """Least-squares loss of a discriminator: half of (real - ``real_label``)^2 + fake^2.

    One-sided smoothing (Salimans et al., NeurIPS 2016, section 3.4): only the real label moves, and only here, not in
    the generator's loss. The half is the reference implementation's, which slows the discriminator.
    """
    real = weighted_mean((real_scores.float() - real_label) ** 2, patch_weights(real_valid, real_scores))
    fake = weighted_mean(fake_scores.float() ** 2, patch_weights(fake_valid, fake_scores))
    return (real + fake) / 2


def hidden(image: Tensor, valid: Tensor | None, value: float = -1.0) -> Tensor:
    """The image with ``value`` where nothing is valid.

    A discriminator sees whole patches; weights alone cannot keep it from reading an overlay. Both the real and the
    generated image are given to it hidden, so that what lies under a mask says nothing.
    """
    return image if valid is None else torch.where(valid.bool().expand_as(image), image, torch.full_like(image, value))
