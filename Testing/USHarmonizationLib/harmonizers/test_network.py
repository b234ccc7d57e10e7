"""The network harmonizer: frames of any size, engines that agree, the same bits each time, bf16 only by proof."""

from __future__ import annotations

import multiprocessing
import pickle
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from USHarmonizationLib import networks
from USHarmonizationLib.bundle import Bundle, write_bundle
from USHarmonizationLib.errors import InputError, UsageError
from USHarmonizationLib.harmonizers import engines, network
from USHarmonizationLib.harmonizers.network import NetworkHarmonizer
from USHarmonizationLib.networks import build_generator
from USHarmonizationLib.networks.blocks import plain_weights

SMALL: dict[str, Any] = {"name": "resnet", "width": 4, "blocks": 1}
needs_openvino = pytest.mark.skipif(engines.find_spec("openvino") is None, reason="openvino is not installed")


def generator(settings: dict[str, Any], seed: int = 0) -> torch.nn.Module:
    torch.manual_seed(seed)
    made = build_generator(settings).eval()
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, 0.0, 0.1)
    return made


def bundle_of(folder: Path, settings: dict[str, Any] = SMALL, **fields: Any) -> Bundle:
    made = {"generator": (settings, plain_weights(generator(settings)))}
    return write_bundle(
        folder / "b", **{"source": "a", "target": "b", "variant": "cyclegan", "networks": made, **fields}
    )


def frame_of(*shape: int) -> NDArray[np.float32]:
    return np.random.default_rng(0).uniform(0, 1, shape).astype(np.float32)


def everywhere(frame: NDArray[np.float32]) -> NDArray[np.bool_]:
    return np.ones(frame.shape, dtype=bool)


def by_hand(settings: dict[str, Any], frame: NDArray[np.float32]) -> NDArray[np.float32]:
    """The network on a frame that needs no padding."""
    with torch.inference_mode():
        return ((generator(settings)(torch.from_numpy(2 * frame - 1)[None, None])[0, 0] + 1) / 2).numpy()


@pytest.mark.parametrize("engine", [pytest.param("openvino", marks=needs_openvino), "torch"])
def test_gives_what_the_network_gives(tmp_path: Path, engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if engine == "torch":
        monkeypatch.setattr(engines, "find_spec", lambda name: None)
    harmonizer = NetworkHarmonizer(bundle_of(tmp_path), device="cpu")
    assert harmonizer.engine.startswith(engine)
    assert harmonizer.settings == {"engine": harmonizer.engine}
    assert ("slower: openvino is not installed" in harmonizer.engine) == (engine == "torch")
    frame = frame_of(40, 52)
    result = harmonizer.harmonize(frame, everywhere(frame))
    expected = by_hand(SMALL, frame)
    assert expected.std() > 0.05
    np.testing.assert_allclose(result, expected, atol=1e-5)


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (2, 3), (7, 90), (16, 16), (41, 43), (131, 30)])
def test_frames_of_any_size(tmp_path: Path, shape: tuple[int, int]) -> None:
    frame = frame_of(*shape)
    result = NetworkHarmonizer(bundle_of(tmp_path)).harmonize(frame, everywhere(frame))
    assert result.shape == shape
    assert result.dtype == np.float32
    assert np.isfinite(result).all()
    assert 0 <= result.min() <= result.max() <= 1


def test_missing_rows_and_columns_are_mirrored(tmp_path: Path) -> None:
    frame = frame_of(38, 49)
    padded = np.pad(frame, [(0, 2), (0, 3)], mode="reflect")
    result = NetworkHarmonizer(bundle_of(tmp_path)).harmonize(frame, everywhere(frame))
    np.testing.assert_allclose(result, by_hand(SMALL, padded)[:38, :49], atol=1e-5)


def test_only_the_box_around_the_tissue_goes_through_the_network(tmp_path: Path) -> None:
    frame = frame_of(80, 90)
    valid = np.zeros(frame.shape, bool)
    valid[20:60, 30:82] = True
    valid[30, 40] = False  # a hole does not change the box
    harmonizer = NetworkHarmonizer(bundle_of(tmp_path))
    result = harmonizer.harmonize(frame, valid)
    np.testing.assert_allclose(result[20:60, 30:82], by_hand(SMALL, frame[20:60, 30:82]), atol=1e-5)
    outside = np.ones(frame.shape, bool)
    outside[20:60, 30:82] = False
    assert np.array_equal(result[outside], frame[outside])
    assert np.array_equal(harmonizer.harmonize(frame, np.zeros_like(valid)), frame)


def test_the_same_bits_each_time_and_in_another_process(tmp_path: Path) -> None:
    harmonizer = NetworkHarmonizer(bundle_of(tmp_path, {**SMALL, "se": True}), threads=1)
    frame = frame_of(64, 60)
    first = harmonizer.harmonize(frame, everywhere(frame))
    assert np.array_equal(harmonizer.harmonize(frame, everywhere(frame)), first)
    frame_of_other_size = frame_of(33, 97)
    harmonizer.harmonize(frame_of_other_size, everywhere(frame_of_other_size))
    assert np.array_equal(harmonizer.harmonize(frame, everywhere(frame)), first)
    assert np.array_equal(pickle.loads(pickle.dumps(harmonizer)).harmonize(frame, everywhere(frame)), first)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert np.array_equal(pool.apply(harmonizer.harmonize, (frame, everywhere(frame))), first)


@needs_openvino
@pytest.mark.parametrize(
    "settings", [{"name": "resnet", "width": 16, "blocks": 2, "se": True}, {"name": "texture", "width": 8}]
)
def test_the_same_bits_with_any_number_of_threads(tmp_path: Path, settings: dict[str, Any]) -> None:
    bundle, frame = bundle_of(tmp_path, settings), frame_of(200, 300)
    one, two, three = (
        NetworkHarmonizer(bundle, device="cpu", threads=threads).harmonize(frame, everywhere(frame))
        for threads in (1, 2, 3)
    )
    assert np.array_equal(one, two)
    assert np.array_equal(one, three)


def test_three_channels_get_grey_and_give_luma(tmp_path: Path) -> None:
    settings = {**SMALL, "channels": 3}
    frame = frame_of(32, 36)
    with torch.inference_mode():
        image = torch.from_numpy(2 * frame - 1).expand(1, 3, 32, 36)
        red, green, blue = ((generator(settings)(image)[0] + 1) / 2).numpy()
    result = NetworkHarmonizer(bundle_of(tmp_path, settings)).harmonize(frame, everywhere(frame))
    np.testing.assert_allclose(result, 0.299 * red + 0.587 * green + 0.114 * blue, atol=1e-5)


def test_another_intensity_range(tmp_path: Path) -> None:
    frame = frame_of(32, 36)
    with torch.inference_mode():
        expected = generator(SMALL)(torch.from_numpy(frame)[None, None])[0, 0].clamp(0, 1).numpy()
    result = NetworkHarmonizer(bundle_of(tmp_path, intensity_range=(0.0, 1.0))).harmonize(frame, everywhere(frame))
    np.testing.assert_allclose(result, expected, atol=1e-5)


def test_the_way_back(tmp_path: Path) -> None:
    made = {
        "generator": (SMALL, plain_weights(generator(SMALL, 0))),
        "reverse": (SMALL, plain_weights(generator(SMALL, 1))),
    }
    harmonizer = NetworkHarmonizer(bundle_of(tmp_path, networks=made))
    back = harmonizer.reverse
    assert back is not None
    assert (harmonizer.source, harmonizer.target, back.source, back.target) == ("a", "b", "b", "a")
    assert back.reverse is None
    frame = frame_of(32, 32)
    found, forth = back.harmonize(frame, everywhere(frame)), harmonizer.harmonize(frame, everywhere(frame))
    assert np.abs(found - forth).max() > 0.05
    assert NetworkHarmonizer(bundle_of(tmp_path)).reverse is None


class Local(torch.nn.Module):
    """A network that sees 5 pixels far and has no instance norm."""

    def __init__(self, width: int = 3) -> None:
        super().__init__()
        layers: list[torch.nn.Module] = []
        for channels in ((1, width), (width, 1)):
            layers += [torch.nn.Conv2d(*channels, 5, padding=2, padding_mode="reflect"), torch.nn.Tanh()]
        self.layers = torch.nn.Sequential(torch.nn.AvgPool2d(2), *layers, torch.nn.Upsample(scale_factor=2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.layers(x)
        return y


@pytest.fixture
def local(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    module = ModuleType("local")
    module.Generator = Local  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "USHarmonizationLib.networks.local", module)
    entry = networks.Architecture("local", multiple=2, smallest=8, halo=9)
    monkeypatch.setitem(networks.GENERATORS, "local", entry)
    return {"name": "local", "width": 3}


@pytest.mark.parametrize("shape", [(50, 50), (97, 130), (33, 300), (64, 65)])
def test_tiles_give_what_the_whole_frame_gives(
    tmp_path: Path, local: dict[str, Any], shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    harmonizer = NetworkHarmonizer(bundle_of(tmp_path, local))
    frame = frame_of(*shape)
    whole = harmonizer.harmonize(frame, everywhere(frame))
    monkeypatch.setattr(network, "TILE", 32)
    np.testing.assert_allclose(harmonizer.harmonize(frame, everywhere(frame)), whole, atol=1e-6)
    assert whole.std() > 0.01
    assert "local has no OpenVINO graph" in harmonizer.engine


def test_tiles_of_the_texture_generator_give_what_the_whole_frame_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its noise field goes on across tiles."""
    settings = {"name": "texture", "width": 4, "body_width": 4, "blocks": 6}
    harmonizer = NetworkHarmonizer(bundle_of(tmp_path, settings), device="cpu")
    frame = frame_of(601, 1100)
    whole = harmonizer.harmonize(frame, everywhere(frame))
    monkeypatch.setattr(network, "TILE", 512)
    np.testing.assert_allclose(harmonizer.harmonize(frame, everywhere(frame)), whole, atol=1e-5)
    assert whole.std() > 0.005


def test_a_frame_too_large_for_a_network_that_needs_it_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "LARGEST", 64 * 64 * 4)
    harmonizer = NetworkHarmonizer(bundle_of(tmp_path))
    frame = frame_of(64, 65)
    with pytest.raises(InputError, match=r"64 x 65 pixels are too many for a-to-b, .*at most 64 x 64"):
        harmonizer.harmonize(frame, everywhere(frame))
    assert harmonizer.harmonize(frame[:, :64], everywhere(frame[:, :64])).shape == (64, 64)


@needs_openvino
@pytest.mark.parametrize(
    ("checks", "able", "bf16"),
    [
        ({"bf16_max_feature_change": 0.009}, True, True),
        ({"bf16_max_feature_change": 0.009}, False, False),
        ({"bf16_max_feature_change": 0.02}, True, False),
        ({"bf16_max_feature_change": "none"}, True, False),
        ({}, True, False),
    ],
)
def test_reduced_precision_only_where_a_check_allows_it(
    tmp_path: Path, checks: dict[str, Any], able: bool, bf16: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "has_bf16", lambda: able)
    harmonizer = NetworkHarmonizer(bundle_of(tmp_path, checks=checks), device="cpu")
    assert harmonizer.engine.split(", ")[-1] == ("bf16" if bf16 else "float32")


@needs_openvino
def test_float32_stays_float32_where_the_processor_has_less(tmp_path: Path) -> None:
    """OpenVINO takes bf16 by itself where it can; its error would be a hundred times what is allowed here."""
    frame = frame_of(64, 64)
    result = NetworkHarmonizer(bundle_of(tmp_path), device="cpu").harmonize(frame, everywhere(frame))
    assert np.abs(result - by_hand(SMALL, frame)).max() < 1e-5


def test_weights_of_another_network_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = bundle_of(tmp_path, networks={"generator": (SMALL, plain_weights(generator({**SMALL, "width": 8})))})
    for _ in ("openvino", "torch"):
        with pytest.raises(
            UsageError, match=r"b: weight model\.1\.weight has shape \(8, 1, 7, 7\); needed: \(4, 1, 7, 7\)"
        ):
            NetworkHarmonizer(wrong, device="cpu")
        monkeypatch.setattr(engines, "find_spec", lambda name: None)
    unknown = bundle_of(tmp_path, networks={"generator": ({"name": "unet"}, plain_weights(generator(SMALL)))})
    with pytest.raises(UsageError, match="no generator is called 'unet'"):
        NetworkHarmonizer(unknown)
    with pytest.raises(UsageError, match="has no reverse network"):
        NetworkHarmonizer(bundle_of(tmp_path), role="reverse")


def test_a_device_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="device 'cuda:99' is not there"):
        NetworkHarmonizer(bundle_of(tmp_path), device="cuda:99")


@needs_openvino
def test_with_openvino_torch_is_never_loaded(tmp_path: Path) -> None:
    folder = bundle_of(tmp_path).folder
    program = (
        "import sys, numpy as np\n"
        "from USHarmonizationLib.harmonizers import load_harmonizer\n"
        f"harmonizer = load_harmonizer({str(folder)!r}, device='cpu')\n"
        "harmonizer.harmonize(np.zeros((40, 40), np.float32), np.ones((40, 40), bool))\n"
        "assert 'openvino' in harmonizer.engine and 'torch' not in sys.modules, sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
