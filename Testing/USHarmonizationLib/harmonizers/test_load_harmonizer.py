"""Harmonizers by name: bundles, plain methods with a reference, and what is said when one is missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from USHarmonizationLib.bundle import write_bundle
from USHarmonizationLib.errors import UsageError
from USHarmonizationLib.harmonizers import load_harmonizer
from USHarmonizationLib.harmonizers.fda import FourierHarmonizer
from USHarmonizationLib.harmonizers.histogram import HistogramHarmonizer
from USHarmonizationLib.harmonizers.network import NetworkHarmonizer
from USHarmonizationLib.networks import build_generator
from USHarmonizationLib.networks.blocks import plain_weights


def speckle(seed: int, scale: float, rows: int = 120, columns: int = 160) -> NDArray[np.float32]:
    return np.random.default_rng(seed).rayleigh(scale, (rows, columns)).clip(0, 1).astype(np.float32)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A folder of images of a bright scanner."""
    (tmp_path / "target" / "below").mkdir(parents=True)
    for index, place in enumerate(("a.png", "b.png", "below/c.png")):
        pixels = np.rint(speckle(index, 0.45) * 255).astype(np.uint8)
        Image.fromarray(pixels).save(tmp_path / "target" / place)
    return tmp_path / "target"


@pytest.mark.parametrize(("method", "kind"), [("histogram", HistogramHarmonizer), ("fda", FourierHarmonizer)])
def test_plain_methods_take_their_style_from_the_reference(method: str, kind: type, target: Path) -> None:
    frame, everywhere = speckle(9, 0.2), np.ones((120, 160), bool)
    for reference in (target, target / "a.png"):
        harmonizer = load_harmonizer(method, reference=reference)
        assert isinstance(harmonizer, kind)
        assert harmonizer.name == method
        result = harmonizer.harmonize(frame, everywhere)
        assert result.mean() == pytest.approx(speckle(0, 0.45).mean(), abs=0.03)
    assert load_harmonizer(method, reference=target).version != harmonizer.version


@pytest.mark.parametrize("method", ["histogram", "fda"])
def test_plain_methods_in_a_bundle_need_no_images(method: str, target: Path, tmp_path: Path) -> None:
    made = load_harmonizer(method, reference=target)
    assert isinstance(made, (HistogramHarmonizer, FourierHarmonizer))
    write_bundle(tmp_path / "b", source="a", target="c", variant=method, networks={"generator": made.stored()})
    again = load_harmonizer(tmp_path / "b")
    assert isinstance(again, type(made))
    assert (again.name, again.source, again.target, again.version) == ("a-to-c", "a", "c", made.version)
    frame, everywhere = speckle(9, 0.2), np.ones((120, 160), bool)
    assert np.array_equal(again.harmonize(frame, everywhere), made.harmonize(frame, everywhere))


def test_a_bundle_by_folder_and_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"name": "resnet", "width": 2, "blocks": 1}
    networks = {"generator": (settings, plain_weights(build_generator(settings)))}
    folder = tmp_path / "models" / "a-to-b"
    write_bundle(folder, source="a", target="b", variant="x", networks=networks)
    monkeypatch.setenv("USHARMONIZATION_MODELS", str(tmp_path / "models"))
    for name in (folder, str(folder), "a-to-b"):
        harmonizer = load_harmonizer(name, device="cpu", threads=1)
        assert isinstance(harmonizer, NetworkHarmonizer)
        assert harmonizer.device == "cpu"


def test_what_is_missing_is_said(tmp_path: Path, target: Path) -> None:
    (tmp_path / "empty").mkdir()
    (target / "broken.png").write_bytes(b"no image")
    for arguments, message in (
        (("fda", None), "fda needs --reference"),
        (("histogram", tmp_path / "none"), "does not exist; needed: an image or a folder"),
        (("histogram", tmp_path / "empty"), "holds no image"),
        (("histogram", target), r"reference: .*broken\.png"),
        (("some-bundle", target), "--reference goes with fda or histogram only"),
        (("some-bundle", None), "neither the folder of a bundle nor installed"),
        ((tmp_path / "empty", None), "no harmonizer bundle"),
    ):
        with pytest.raises(UsageError, match=message):
            load_harmonizer(arguments[0], reference=arguments[1])


def test_beta_of_fda(target: Path) -> None:
    assert load_harmonizer("fda", reference=target, beta=0.05).settings["beta"] == 0.05
    assert load_harmonizer("fda", reference=target).settings["beta"] == 0.01
    with pytest.raises(UsageError, match=r"beta is 0\.7; needed: a number from 0 to 0.5"):
        load_harmonizer("fda", reference=target, beta=0.7)
    with pytest.raises(UsageError, match="--beta goes with fda only, not with histogram"):
        load_harmonizer("histogram", reference=target, beta=0.05)
