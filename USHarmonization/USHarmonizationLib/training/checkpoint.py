"""The whole state of a training in one safetensors file: written at once or not at all, read without unpickling."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor
from torch.optim import Optimizer

from ..atomic import atomic_path
from ..errors import UsageError
from ..variants.base import Variant

FORMAT = 1


@dataclass(frozen=True)
class Progress:
    """Where a training stands.

    Chance needs no entry: every batch and every random number of a step depends on nothing but seed and step.

    Attributes:
        step: optimisation steps done.
        validated: the step of the newest validation, -1 before the first.
        best_step: the step of the best checkpoint, -1 as long as there is none.
        best_distance: its validation figure, the lower the better.
        best_content: its content agreement.
        seconds: time spent so far.
    """

    step: int = 0
    validated: int = -1
    best_step: int = -1
    best_distance: float = 1e30
    best_content: float = -1.0
    seconds: float = 0.0


def save(path: Path, variant: Variant, progress: Progress) -> None:
    """Write everything that a resumed training needs.

    Raises:
        OSError: the disk is full or the folder cannot be written to; an older file under this name stays whole.
    """
    tensors: dict[str, Tensor] = {}
    groups: dict[str, Any] = {}
    for name, network in variant.networks.items():
        tensors |= {f"networks/{name}/{key}": value for key, value in network.state_dict().items()}
    for name, optimizer in variant.optimizers.items():
        state = optimizer.state_dict()
        groups[name] = {"param_groups": state["param_groups"], "scalars": {}}
        for index, entries in state["state"].items():
            for key, value in entries.items():
                if isinstance(value, Tensor):
                    tensors[f"optimizers/{name}/{index}/{key}"] = value
                else:
                    groups[name]["scalars"][f"{index}/{key}"] = value
    tensors |= {f"pools/{name}": pool.state() for name, pool in variant.pools.items()}
    tensors |= {f"extra/{key}": value for key, value in variant.extra_state().items()}
    # Copies, since safetensors refuses tensors that share memory or are not contiguous (channels last).
    copies = {key: value.detach().to("cpu", copy=True).contiguous() for key, value in tensors.items()}
    with atomic_path(path) as temporary:
        header = {"format": FORMAT, "progress": asdict(progress), "optimizers": groups}
        save_file(copies, temporary, metadata={"training": json.dumps(header)})


def load(path: Path, variant: Variant) -> Progress:
    """Bring ``variant`` to the state of a checkpoint that ``save`` wrote for a variant with the same settings.

    Raises:
        UsageError: the file is missing, damaged, or of a training with other networks.
    """
    header, tensors = _read(path, with_tensors=True)
    try:
        for name, network in variant.networks.items():
            network.load_state_dict(_below(tensors, f"networks/{name}/"))
        for name, optimizer in variant.optimizers.items():
            _load_optimizer(optimizer, header["optimizers"][name], _below(tensors, f"optimizers/{name}/"))
        for name, pool in variant.pools.items():
            pool.load_state(tensors[f"pools/{name}"].to(_device(variant)))
        variant.load_extra_state(_below(tensors, "extra/"))
    except (KeyError, RuntimeError, ValueError, IndexError) as error:
        line = " ".join(str(error).split())[:200]
        raise UsageError(f"checkpoint {path}: belongs to other networks or settings ({line})") from None
    return Progress(**header["progress"])


def read_progress(path: Path) -> Progress:
    """Where the training stood when a checkpoint was written.

    Raises:
        UsageError: the file is missing or damaged.
    """
    return Progress(**_read(path, with_tensors=False)[0]["progress"])


def _read(path: Path, with_tensors: bool) -> tuple[dict[str, Any], dict[str, Tensor]]:
    try:
        with safe_open(path, framework="pt") as stream:
            header = json.loads((stream.metadata() or {}).get("training", "{}"))
            keys = stream.keys() if with_tensors else []
            tensors = {key: stream.get_tensor(key) for key in keys}
    except (OSError, SafetensorError, json.JSONDecodeError) as error:
        raise UsageError(f"checkpoint {path}: cannot be read ({error})") from None
    if header.get("format") != FORMAT:
        raise UsageError(f"checkpoint {path}: format {header.get('format')}; needed: {FORMAT}")
    return header, tensors


def _below(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}


def _device(variant: Variant) -> torch.device:
    return next(parameter.device for network in variant.networks.values() for parameter in network.parameters())


def _load_optimizer(optimizer: Optimizer, header: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    state: dict[int, dict[str, Any]] = {}
    for path, value in [*tensors.items(), *header["scalars"].items()]:
        index, _, key = path.partition("/")
        parameter = parameters[int(index)]
        if isinstance(value, Tensor) and value.shape == parameter.shape:
            # In the parameter's memory layout, else the arithmetic of a resumed training may differ in the last bit.
            value = torch.empty_like(parameter, device="cpu", dtype=value.dtype).copy_(value)
        state.setdefault(int(index), {})[key] = value
    optimizer.load_state_dict({"state": state, "param_groups": header["param_groups"]})
