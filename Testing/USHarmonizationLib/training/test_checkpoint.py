"""Checkpoints: everything comes back to the bit, and nothing broken or foreign is taken."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from USHarmonizationLib.errors import UsageError
from USHarmonizationLib.training import checkpoint
from USHarmonizationLib.training.checkpoint import Progress
from USHarmonizationLib.variants import variant
from USHarmonizationLib.variants.base import Batch, Variant

SMALL = {"width": 4, "blocks": 1, "discriminator_width": 4, "discriminator_layers": 1, "pool": 3}


def built(seed: int, name: str = "cyclegan-sn", **values: object) -> Variant:
    torch.manual_seed(seed)
    made = variant(name).load()(variant(name).settings({**SMALL, **values}))
    made.run = dict(made.networks)
    for network in made.networks.values():
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return made


def step(model: Variant, number: int) -> None:
    generator = torch.Generator().manual_seed(number)
    source, target = (torch.rand((1, 1, 16, 16), generator=generator) * 2 - 1 for _ in range(2))
    valid = torch.ones((1, 1, 16, 16), dtype=torch.bool)
    model.step(Batch(source, target, valid, valid, ~valid, ~valid), generator)


def weights(model: Variant) -> list[torch.Tensor]:
    return [value for network in model.networks.values() for value in network.state_dict().values()]


def test_a_restored_training_goes_on_bit_for_bit(tmp_path: Path) -> None:
    straight, restored = built(0), built(1)
    for number in range(5):
        step(straight, number)
    progress = Progress(step=5, validated=4, best_step=4, best_distance=1 / 3, best_content=0.9, seconds=1.5)
    checkpoint.save(tmp_path / "a.safetensors", straight, progress)
    assert checkpoint.load(tmp_path / "a.safetensors", restored) == progress
    assert checkpoint.read_progress(tmp_path / "a.safetensors") == progress
    for number in range(5, 8):
        step(straight, number)
        step(restored, number)
    assert all(torch.equal(a, b) for a, b in zip(weights(straight), weights(restored), strict=True))
    assert torch.equal(straight.pools["target"].state(), restored.pools["target"].state())


def test_same_state_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        model = built(0)
        step(model, 0)
        checkpoint.save(tmp_path / name, model, Progress(step=1))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_broken_and_foreign_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    checkpoint.save(path, built(0), Progress())
    for other in (built(0, "cyclegan"), built(0, width=8), built(0, "cyclegan-sn-se")):
        with pytest.raises(UsageError, match="belongs to other networks or settings"):
            checkpoint.load(path, other)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UsageError, match="cannot be read"):
        checkpoint.load(path, built(0))
    with pytest.raises(UsageError, match="cannot be read"):
        checkpoint.load(tmp_path / "none.safetensors", built(0))
    save_file({"x": torch.zeros(1)}, path)
    with pytest.raises(UsageError, match="format None; needed: 1"):
        checkpoint.load(path, built(0))
