"""The image pool: fills up, then swaps half of the time, and comes back from its state."""

from __future__ import annotations

import torch

from USHarmonizationLib.training.pool import ImagePool


def numbered(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float32).view(-1, 1, 1, 1).requires_grad_()


def test_an_empty_pool_passes_on_and_a_full_one_swaps_half() -> None:
    pool, generator = ImagePool(4), torch.Generator().manual_seed(0)
    filling = pool.query(numbered(0, 1, 2, 3), generator)
    assert filling.flatten().tolist() == [0, 1, 2, 3]
    assert not filling.requires_grad
    swapped = sum(pool.query(numbered(value), generator).item() != value for value in range(4, 1004))
    assert 420 < swapped < 580
    assert len(pool.images) == 4


def test_nothing_is_lost_or_doubled() -> None:
    pool, generator = ImagePool(3), torch.Generator().manual_seed(1)
    given = [pool.query(numbered(value), generator).item() for value in range(50)]
    seen = given[3:] + [image.item() for image in pool.images]
    assert sorted(seen) == list(range(50))


def test_size_zero_passes_everything_on() -> None:
    assert ImagePool(0).query(numbered(7), torch.Generator()).item() == 7


def test_state_comes_back_and_goes_on_the_same() -> None:
    first, second = ImagePool(3), ImagePool(3)
    generator = torch.Generator().manual_seed(0)
    assert first.state().shape == (0,)
    second.load_state(first.state())
    assert second.images == []
    first.query(numbered(0, 1, 2, 3), generator)
    second.load_state(first.state())
    results = [pool.query(numbered(4, 5, 6), torch.Generator().manual_seed(5)) for pool in (first, second)]
    assert torch.equal(*results)
