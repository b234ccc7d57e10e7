"""ONNX export: an independent runtime gives the same image, of any size."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from USHarmonizationLib import cli, onnx_export
from USHarmonizationLib.bundle import write_bundle
from USHarmonizationLib.errors import UsageError
from USHarmonizationLib.harmonizers.histogram import BINS, HistogramHarmonizer
from USHarmonizationLib.networks import build_generator
from USHarmonizationLib.networks.blocks import plain_weights

onnxruntime = pytest.importorskip("onnxruntime")
onnxscript = pytest.importorskip("onnxscript")

RESNET: dict[str, Any] = {"name": "resnet", "width": 4, "blocks": 1, "channels": 3, "channels_out": 1, "se": True}
TEXTURE: dict[str, Any] = {"name": "texture", "width": 4, "body_width": 4, "blocks": 1}


def generator(settings: dict[str, Any]) -> torch.nn.Module:
    torch.manual_seed(1)
    network = build_generator(settings).eval()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, 0.0, 0.1)
    return network


@pytest.mark.parametrize(
    "settings", [pytest.param(RESNET, id="resnet", marks=pytest.mark.slow), pytest.param(TEXTURE, id="texture")]
)
def test_another_runtime_gives_the_same_images(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], settings: dict[str, Any]
) -> None:
    networks = {role: (settings, plain_weights(generator(settings))) for role in ("generator", "reverse")}
    bundle = write_bundle(tmp_path / "b", source="a", target="b", variant="x", networks=networks, licence="MIT")
    file = tmp_path / "out" / "back.onnx"
    assert cli.main(["export", str(tmp_path / "b"), "--to", "onnx", "--out", str(file), "--reverse"]) == 0
    assert str(file) in capsys.readouterr().out
    assert [path.name for path in file.parent.iterdir()] == ["back.onnx"]  # the weights are inside
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    for rows, columns in ((64, 68), (32, 100), (532, 48)):
        image = (
            np.random.default_rng(0).uniform(-1, 1, (1, settings.get("channels", 1), rows, columns)).astype(np.float32)
        )
        (found,) = session.run(["harmonized"], {"image": image})
        with torch.inference_mode():
            expected = generator(settings)(torch.from_numpy(image)).numpy()
        assert expected.std() > 0.01
        np.testing.assert_allclose(found, expected, atol=1e-5)
    metadata = session.get_modelmeta().custom_metadata_map
    assert (metadata["name"], metadata["version"], metadata["licence"]) == ("a-to-b", bundle.version, "MIT")
    assert metadata["role"] == "reverse"
    assert json.loads(metadata["intensity_range"]) == [-1.0, 1.0]


def test_an_export_that_gives_another_image_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Wrong:
        model = onnxscript.ir.Model(onnxscript.ir.Graph([], [], nodes=[]), ir_version=10)

        def save(self, path: Path, external_data: bool) -> None:
            path.write_bytes(b"wrong")

    class Session:
        def __init__(self, *arguments: Any, **options: Any) -> None: ...

        def run(self, names: None, inputs: dict[str, Any]) -> list[Any]:
            return [inputs["image"]]

    monkeypatch.setattr(torch.onnx, "export", lambda *arguments, **options: Wrong())
    monkeypatch.setattr(onnxruntime, "InferenceSession", Session)
    networks = {"generator": (TEXTURE, plain_weights(generator(TEXTURE)))}
    bundle = write_bundle(tmp_path / "b", source="a", target="b", variant="x", networks=networks)
    with pytest.raises(UsageError, match="does not give the same image"):
        onnx_export.export_onnx(bundle, tmp_path / "x.onnx")
    assert not (tmp_path / "x.onnx").exists()


def test_what_cannot_be_exported_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = {"generator": HistogramHarmonizer(np.ones(BINS)).stored()}
    bundle = write_bundle(tmp_path / "b", source="a", target="b", variant="histogram", networks=stored)
    with pytest.raises(UsageError, match="holds no network but histogram"):
        onnx_export.export_onnx(bundle, tmp_path / "x.onnx")
    assert cli.main(["export", str(tmp_path / "b"), "--to", "tflite"]) == 2
    assert "unknown format 'tflite'; known: onnx" in capsys.readouterr().err
    assert cli.main(["export", str(tmp_path / "none"), "--to", "onnx"]) == 2
    monkeypatch.setattr(onnx_export, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install usharmonization\[onnx\]"):
        onnx_export.export_onnx(bundle, tmp_path / "x.onnx")
    assert not (tmp_path / "x.onnx").exists()
