"""Weight files: tensors alone are read, and only those of the network that is asked for."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from USHarmonizationLib.errors import UsageError
from USHarmonizationLib.metrics.extractors.weights import NetworkExtractor, fill, read_state


class Executes:
    """Would run code when unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return eval, ("1/0",)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_state_dict_is_read_from_either_format(tmp_path: Path, suffix: str) -> None:
    path, state = tmp_path / f"weights{suffix}", {"a.weight": torch.arange(3.0)}
    if suffix == ".pth":
        torch.save(state, path)
    else:
        save_file(state, path)
    found, sha256 = read_state(path)
    assert torch.equal(found["a.weight"], state["a.weight"])
    assert sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_nothing_is_executed(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    torch.save({"a": Executes()}, path)
    with pytest.raises(UsageError, match="cannot be read as tensors alone") as caught:
        read_state(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("none.pth", None, "no such file"),
        ("text.pth", b"no weights", "cannot be read"),
        ("text.safetensors", b"no weights at all", "cannot be read"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, name: str, content: bytes | None, line: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=line):
        read_state(tmp_path / name)


def test_a_tensor_is_no_state_dict(tmp_path: Path) -> None:
    torch.save(torch.ones(3), tmp_path / "tensor.pth")
    with pytest.raises(UsageError, match="no state dict"):
        read_state(tmp_path / "tensor.pth")


@pytest.mark.parametrize(
    ("state", "line"),
    [
        ({}, "weight is missing; needed for Linear"),
        ({"weight": torch.ones(1, 2), "bias": torch.ones(2)}, r"weight has shape \(1, 2\).*\(1, 3\)"),
        ({"weight": torch.ones(1, 3), "bias": torch.ones(1), "more": torch.ones(1)}, "Linear has no more"),
    ],
)
def test_weights_of_another_network_are_refused(state: dict[str, torch.Tensor], line: str) -> None:
    with pytest.raises(UsageError, match=line):
        fill(nn.Linear(3, 1), state, Path("file.pth"), unused=("fc.",))


def test_what_the_network_gets() -> None:
    class Mean(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            assert x.shape == (1, 3, 8, 8)
            return x.mean(dim=(2, 3))

    extractor = NetworkExtractor("mean", Mean(), "", size=8, scale=2, offset=-1)
    assert extractor.dimension == 3
    assert extractor.features(np.full((30, 41), 0.75, dtype=np.float32)) == pytest.approx(0.5)
