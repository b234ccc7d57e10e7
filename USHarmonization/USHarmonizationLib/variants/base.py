"""What a harmonizer variant is to the trainer: networks, optimizers, and one optimisation step."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from ..training.pool import ImagePool
from ..training.settings import Settings


@dataclass(frozen=True)
class Batch:
    """Crops of the two domains, unpaired, on the device of the training.

    Attributes:
        source, target: (n, 1, height, width) float32, brightness in [-1, 1]; overlays are filled from around.
        source_valid, target_valid: (n, 1, height, width) bool, True for imaged tissue: only there may losses look.
        source_lesion, target_lesion: (n, 1, height, width) bool, True in the lesion; all False without masks.
    """

    source: Tensor
    target: Tensor
    source_valid: Tensor
    target_valid: Tensor
    source_lesion: Tensor
    target_lesion: Tensor


@dataclass(frozen=True)
class TrainedNetwork:
    """A network for the bundle.

    Attributes:
        settings: what ``networks.build_generator`` takes to build it again: ``name`` and the network's own settings.
        network: the network itself, in the state that is to be stored.
    """

    settings: Mapping[str, Any]
    network: nn.Module


class Variant(ABC):
    """One way of training a harmonizer. A variant is one class in one file, and one line in ``variants/__init__.py``.

    A subclass names its ``settings_class``, fills ``networks``, ``optimizers`` and ``pools`` in ``__init__`` (plain
    torch, on the CPU, initial weights from torch's global random state, which the trainer has seeded), and writes
    ``step`` and ``trained``. Everything in these dictionaries is moved, wrapped, compiled, saved and restored by the
    trainer; what else changes during training belongs in ``extra_state``. An average of weights (EMA) is simply one
    more network, without optimizer and without gradients.

    Attributes:
        networks: name -> the plain network (its parameters, its state).
        run: name -> the same network as it is called during training: on the device, in the precision asked for,
            compiled, shared among devices. In ``step`` always call ``self.run["generator"](images)``, not the network.
        optimizers: name -> optimizer; the trainer sets the learning rates before each step.
        pools: name -> pool of generated images.
    """

    settings_class: ClassVar[type[Settings]]
    # Rows and columns that a training crop must have for all losses to be defined.
    least_crop: ClassVar[int] = 16

    def __init__(self, settings: Any) -> None:
        self.settings = settings
        self.networks: dict[str, nn.Module] = {}
        self.run: dict[str, Callable[..., Any]] = {}
        self.optimizers: dict[str, Optimizer] = {}
        self.pools: dict[str, ImagePool] = {}
        self.backward: Callable[[Tensor], None] = torch.autograd.backward

    def calibrate(self, batches: Iterable[Batch]) -> None:  # noqa: B027 - most variants need none
        """Measure what has to be known before the first step; called once in a training, after the networks moved.

        Args:
            batches: endless, drawn as those of the training, but not the same.
        """

    @abstractmethod
    def step(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """One optimisation step.

        Args:
            batch: the crops of this step.
            generator: the only source of chance (noise, pools), on the batch's device. It is seeded from the training's
                seed and the step, which makes resumed trainings exact.

        Returns:
            Name -> detached scalar of each loss, for the log and the guard against NaN; the same names in every step.
        """

    @abstractmethod
    def trained(self) -> dict[str, TrainedNetwork]:
        """What goes into the bundle: ``generator`` (source to target) and, where there is one, ``reverse`` (target to
        source), which makes a cycle error possible. EMA weights where the variant keeps them."""

    def learning_rate_factor(self, progress: float, constant_share: float) -> float:
        """What the learning rates are multiplied with when ``progress`` in [0, 1) of the steps are done."""
        return 1.0 if progress < constant_share else (1.0 - progress) / (1.0 - constant_share)

    def extra_state(self) -> dict[str, Tensor]:
        """Tensors beyond networks, optimizers and pools that a resumed training needs."""
        return {}

    def load_extra_state(self, state: Mapping[str, Tensor]) -> None:  # noqa: B027 - most variants have none
        """Take back what ``extra_state`` gave."""

    def update(self, optimizer: str, loss: Tensor) -> None:
        """One step of the named optimizer down the gradient of ``loss``."""
        self.optimizers[optimizer].zero_grad(set_to_none=True)
        self.backward(loss)
        self.optimizers[optimizer].step()

    @contextmanager
    def frozen(self, *names: str) -> Iterator[None]:
        """Within the block the named networks pass gradients on but gather none themselves (saves their cost)."""
        for name in names:
            self.networks[name].requires_grad_(False)
        try:
            yield
        finally:
            for name in names:
                self.networks[name].requires_grad_(True)
