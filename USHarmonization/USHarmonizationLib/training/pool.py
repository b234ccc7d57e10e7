"""A history of generated images, so that a discriminator also sees earlier output of its generator."""

from __future__ import annotations

import torch
from torch import Tensor


class ImagePool:
    """Up to ``size`` generated images; each new one is either passed on, or swapped against a random older one.

    Shrivastava et al., "Learning from Simulated and Unsupervised Images through Adversarial Training" (CVPR 2017),
    section 2.3; CycleGAN (Zhu et al., ICCV 2017), section 4, with 50 images. Size 0 passes everything on.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.images: list[Tensor] = []

    def query(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Images for the discriminator in place of the (n, channels, height, width) just generated; no gradients.

        While the pool fills up, images are stored and passed on. Then each is passed on with probability 1/2, else it
        takes the place of a stored one, which is returned.
        """
        if self.size == 0:
            return images.detach()
        chosen = []
        for image in images.detach().clone():
            if len(self.images) < self.size:
                self.images.append(image)
                chosen.append(image)
                continue
            swap, where = torch.rand(2, generator=generator, device=generator.device).tolist()
            if swap < 0.5:
                chosen.append(image)
            else:
                index = int(where * self.size)
                chosen.append(self.images[index])
                self.images[index] = image
        return torch.stack(chosen)

    def state(self) -> Tensor:
        """The stored images as one tensor (k, channels, height, width); (0,) when there are none."""
        return torch.stack(self.images) if self.images else torch.empty(0)

    def load_state(self, state: Tensor) -> None:
        """Take back what ``state`` gave."""
        self.images = list(state.clone().unbind(0)) if state.numel() else []
