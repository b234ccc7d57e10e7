"""Inception v3: size, poolings, and telling its two sets of weights apart.

The networks' outputs for the same weights were compared with torchvision's and pytorch-fid's once: equal to the bit.
Neither is installed here: their wheels need another build of torch.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from USHarmonizationLib.errors import UsageError
from USHarmonizationLib.metrics.extractors.inception import _A, InceptionV3, load_inception

# As torchvision documents it, less its auxiliary classifier and last layer.
PARAMETERS = 27_161_264 - 3_326_696 - 2_049_000


@pytest.fixture(scope="module")
def state() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    network = InceptionV3(fid=True)
    assert sum(parameter.numel() for parameter in network.parameters()) == PARAMETERS
    return network.state_dict()


def test_both_kinds_of_weights_are_told_apart_by_their_classes(state: dict[str, torch.Tensor], tmp_path: Path) -> None:
    ramp = np.tile(np.linspace(0, 1, 120, dtype=np.float32), (90, 1))
    features = {}
    for classes, name in ((1008, "inception-fid"), (1000, "inception-imagenet")):
        path = tmp_path / f"{classes}.safetensors"
        save_file({**state, "fc.weight": torch.zeros(classes, 2048), "fc.bias": torch.zeros(classes)}, path)
        extractor = load_inception(path)
        assert (extractor.name, extractor.dimension) == (name, 2048)
        features[name] = extractor.features(ramp)
    # The same weights, other poolings.
    assert not np.allclose(features["inception-fid"], features["inception-imagenet"])


def test_averages_of_fid_do_not_count_what_lies_outside() -> None:
    ones = torch.ones(1, 1, 4, 4)
    assert torch.equal(_A(1, 1, fid=True).mean(ones), ones)
    assert _A(1, 1, fid=False).mean(ones)[0, 0, 0, 0] == pytest.approx(4 / 9)


def test_other_weights_are_refused(state: dict[str, torch.Tensor], tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    torch.save({"fc.bias": torch.zeros(10)}, path)
    with pytest.raises(UsageError, match="no weights of an Inception that we know"):
        load_inception(path)
    torch.save({"fc.bias": torch.zeros(1008)}, path)
    with pytest.raises(UsageError, match="is missing; needed for InceptionV3"):
        load_inception(path)
