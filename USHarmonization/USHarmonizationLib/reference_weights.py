"""Generators trained with the reference CycleGAN implementation become bundles.

The files are those that junyanz/pytorch-CycleGAN-and-pix2pix writes (``latest_net_G_A.pth``): the state of a ResNet
generator with instance norm. Only tensors are read from them; a file that holds anything else is refused unread.
"""

from __future__ import annotations

import hashlib
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .bundle import Bundle, write_bundle
from .errors import UsageError

Weights = dict[str, NDArray[np.float32]]

# What old versions of torch stored for instance norm, and never used.
_STATISTICS = ("running_mean", "running_var", "num_batches_tracked")
_BLOCK = re.compile(r"model\.(\d+)\.conv_block\.1\.weight")


def read_reference_weights(path: Path) -> tuple[dict[str, Any], Weights]:
    """Settings for ``networks.build_generator`` and weights from a file of the reference implementation.

    Width, blocks and channels are read off the shapes. The prefix of several devices (``module.``) and unused
    statistics of the instance norm are dropped. A network trained with dropout is taken without it, as the reference's
    ``--eval`` does.

    Raises:
        UsageError: the file is missing or damaged, holds other than tensors, or is no ResNet generator.
    """
    state = {name.removeprefix("module."): values for name, values in _tensors(path).items()}
    state = {name: values for name, values in state.items() if not name.endswith(_STATISTICS)}
    state = {name.replace("conv_block.6.", "conv_block.5."): values for name, values in state.items()}
    _refuse_others(path, state)
    blocks = [int(match[1]) for name in state if (match := _BLOCK.fullmatch(name))]
    last = f"model.{10 + len(blocks) + 7}.weight"
    if state["model.1.weight"].ndim != 4 or not blocks or last not in state:
        raise UsageError(f"{path}: {_no_resnet('its layers are others')}")
    settings = {
        "name": "resnet",
        "channels": int(state["model.1.weight"].shape[1]),
        "channels_out": int(state[last].shape[0]),
        "width": int(state["model.1.weight"].shape[0]),
        "blocks": len(blocks),
    }
    if settings["channels"] not in (1, 3) or settings["channels_out"] not in (1, 3):
        raise UsageError(
            f"{path}: {settings['channels']} to {settings['channels_out']} channels; needed: 1 (grey) or 3 (colour)"
        )
    _check_layout(path, settings, state)
    return settings, state


def import_weights(
    path: Path,
    out: Path,
    reverse: Path | None = None,
    source: str = "unknown",
    target: str = "unknown",
    licence: str = "unknown",
    citation: str = "",
) -> Bundle:
    """Write a bundle with the generator of a file, and the one of the other direction where it is given.

    Raises:
        UsageError: a file is no such generator, a text is not allowed, or something else than a bundle stands at
        ``out``. OSError: the folder cannot be written to.
    """
    files = {"generator": path} | ({"reverse": reverse} if reverse is not None else {})
    return write_bundle(
        out,
        source=source,
        target=target,
        variant="imported",
        networks={role: read_reference_weights(file) for role, file in files.items()},
        training={"imported_sha256": {role: _sha256(file) for role, file in files.items()}},
        licence=licence,
        citation=citation,
    )


def _tensors(path: Path) -> Weights:
    import pickle

    import torch

    if not path.is_file():
        raise UsageError(f"{path} is no file; needed: a .pth file of a generator")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the pickle protocol; what matters is raised
            state = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError, OSError):
        # torch's own message tells how to load such a file all the same, executing what is in it.
        raise UsageError(f"{path} cannot be read; needed: a whole PyTorch file that holds only tensors") from None
    if not isinstance(state, dict) or not state or not all(isinstance(v, torch.Tensor) for v in state.values()):
        raise UsageError(f"{path}: {_no_resnet('it is no dictionary of tensors')}")
    weights = {str(name): values.detach().float().numpy() for name, values in state.items()}
    for name, values in weights.items():
        if not np.isfinite(values).all():
            raise UsageError(f"{path}: {name} holds values that are not finite")
    return weights


def _refuse_others(path: Path, state: Weights) -> None:
    """Say what the file holds where it is one of the reference implementation's other networks."""
    if any(name.startswith("model.model.") for name in state):
        raise UsageError(f"{path}: {_no_resnet('it is a U-Net generator (--netG unet_...)')}")
    if "model.0.weight" in state or "net.0.weight" in state:
        raise UsageError(f"{path}: {_no_resnet('it is a discriminator')}")
    if "model.2.weight" in state:
        raise UsageError(f"{path}: {_no_resnet('it has batch norm (--norm batch)')}")
    if "model.1.weight" not in state:
        raise UsageError(f"{path}: {_no_resnet(f'its first layer is {min(state)}')}")


def _check_layout(path: Path, settings: dict[str, Any], state: Weights) -> None:
    import torch

    from .networks import build_generator

    with torch.device("meta"):
        layout = {name: tuple(values.shape) for name, values in build_generator(settings).state_dict().items()}
    for name in sorted({*layout, *state}):
        found = state[name].shape if name in state else None
        if found != layout.get(name):
            raise UsageError(f"{path}: {_no_resnet(f'{name} is {found}, not {layout.get(name)}')}")


def _no_resnet(what: str) -> str:
    return f"{what}; needed: a ResNet generator with instance norm (resnet_6blocks, resnet_9blocks)"


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
