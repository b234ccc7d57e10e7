"""Importing weights of the reference implementation: same output, and nothing else gets in."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from reference_layout import fixed_weights, reference_input, reference_output

from USHarmonizationLib import cli
from USHarmonizationLib.bundle import read_bundle
from USHarmonizationLib.errors import UsageError
from USHarmonizationLib.harmonizers.network import NetworkHarmonizer
from USHarmonizationLib.reference_weights import import_weights, read_reference_weights

State = dict[str, torch.Tensor]


def state_of(channels: int = 1, width: int = 8, blocks: int = 9) -> State:
    return {name: torch.from_numpy(values) for name, values in fixed_weights(channels, width, blocks).items()}


def saved(folder: Path, state: Any, name: str = "latest_net_G_A.pth") -> Path:
    torch.save(state, folder / name)
    return folder / name


@pytest.mark.parametrize(("channels", "blocks"), [(1, 9), (3, 6)])
def test_an_imported_generator_gives_the_output_of_the_reference(tmp_path: Path, channels: int, blocks: int) -> None:
    bundle = import_weights(saved(tmp_path, state_of(channels, 8, blocks)), tmp_path / "b")
    harmonizer = NetworkHarmonizer(bundle, device="cpu")
    output = harmonizer._engine.run(reference_input(channels))
    np.testing.assert_allclose(output, reference_output(channels, blocks), atol=1e-5)
    assert bundle.variant == "imported"
    assert bundle.name == "unknown-to-unknown"


def test_settings_are_read_off_the_shapes(tmp_path: Path) -> None:
    settings, _ = read_reference_weights(saved(tmp_path, state_of(3, 4, 6)))
    assert settings == {"name": "resnet", "channels": 3, "channels_out": 3, "width": 4, "blocks": 6}


def parallel(state: State) -> State:
    return {f"module.{name}": values for name, values in state.items()}


def with_statistics(state: State) -> State:
    return {**state, "model.2.running_mean": torch.zeros(8), "model.2.num_batches_tracked": torch.tensor(3)}


def with_dropout(state: State) -> State:
    return {name.replace("conv_block.5", "conv_block.6"): values for name, values in state.items()}


def in_half(state: State) -> State:
    return {name: values.double() for name, values in state.items()}


@pytest.mark.parametrize("change", [parallel, with_statistics, with_dropout, in_half])
def test_the_same_network_in_other_clothes(tmp_path: Path, change: Callable[[State], State]) -> None:
    plain = fixed_weights(1, 8, 6)
    settings, weights = read_reference_weights(saved(tmp_path, change(state_of(1, 8, 6))))
    assert settings["blocks"] == 6
    assert weights.keys() == plain.keys()
    assert all(np.array_equal(weights[name], plain[name]) for name in plain)
    assert all(values.dtype == np.float32 for values in weights.values())


def test_the_way_back_comes_along(tmp_path: Path) -> None:
    forth, back = saved(tmp_path, state_of(1, 4, 6)), saved(tmp_path, state_of(1, 4, 9), "latest_net_G_B.pth")
    bundle = import_weights(forth, tmp_path / "b", reverse=back, source="a", target="b", licence="MIT", citation="me")
    assert bundle.name == "a-to-b"
    assert bundle.networks["reverse"].settings["blocks"] == 9
    assert (bundle.licence, bundle.citation) == ("MIT", "me")
    assert set(bundle.training["imported_sha256"]) == {"generator", "reverse"}


def changed(**changes: torch.Tensor | None) -> State:
    state = {**state_of(1, 4, 6), **{name.replace("__", "."): values for name, values in changes.items()}}
    return {name: values for name, values in state.items() if values is not None}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"model.model.0.weight": torch.zeros(2)}, "a U-Net generator"),
        ({"model.0.weight": torch.zeros(2)}, "a discriminator"),
        (changed(model__2__weight=torch.ones(4)), "batch norm"),
        ({"layer.weight": torch.zeros(2)}, "its first layer is layer.weight"),
        (changed(model__4__bias=None), r"model\.4\.bias is None, not \(8,\)"),
        (changed(model__4__bias=torch.zeros(3)), r"model\.4\.bias is \(3,\), not \(8,\)"),
        (changed(extra=torch.zeros(1)), r"extra is \(1,\), not None"),
        (changed(model__1__weight=torch.zeros(4, 2, 7, 7)), "2 to 1 channels"),
        (changed(model__1__weight=torch.zeros(4)), "its layers are others"),
        (changed(model__1__bias=torch.full((4,), torch.nan)), "not finite"),
        ({}, "no dictionary of tensors"),
        ([torch.zeros(1)], "no dictionary of tensors"),
        ({"model": {"a": torch.zeros(1)}}, "no dictionary of tensors"),
    ],
)
def test_other_networks_are_refused_in_one_line(tmp_path: Path, content: Any, message: str) -> None:
    path = saved(tmp_path, content)
    with pytest.raises(UsageError, match=message) as caught:
        read_reference_weights(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_that_are_no_weights_are_refused(tmp_path: Path) -> None:
    whole = saved(tmp_path, state_of(1, 4, 6)).read_bytes()
    for content in (b"", b"no weights", whole[:2000], b"PK\x03\x04" + whole[4:900]):
        (tmp_path / "x.pth").write_bytes(content)
        with pytest.raises(UsageError, match=r"x\.pth cannot be read") as caught:
            read_reference_weights(tmp_path / "x.pth")
        assert "\n" not in str(caught.value)
    with pytest.raises(UsageError, match="is no file"):
        read_reference_weights(tmp_path / "missing.pth")


class Mischief:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


def test_nothing_in_the_file_is_executed(tmp_path: Path) -> None:
    state = {**state_of(1, 4, 6), "extra": Mischief(tmp_path / "executed")}
    path = saved(tmp_path, state)
    (tmp_path / "plain.pth").write_bytes(pickle.dumps(state["extra"]))
    for file in (path, tmp_path / "plain.pth"):
        with pytest.raises(UsageError, match="needed: a whole PyTorch file that holds only tensors"):
            read_reference_weights(file)
    assert not (tmp_path / "executed").exists()


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = saved(tmp_path, state_of(3, 4, 6))
    arguments = ["import-weights", str(path), "--out", str(tmp_path / "b"), "--source", "ge-logiq-5"]
    assert cli.main([*arguments, "--target", "ge-logiq-7", "--licence", "MIT"]) == 0
    assert "ge-logiq-5-to-ge-logiq-7, version" in capsys.readouterr().out
    assert read_bundle(tmp_path / "b").licence == "MIT"
    assert cli.main([*arguments, "--target", "ge-logic-7"]) == 2
    assert "ge-logic-7" in capsys.readouterr().err
    assert cli.main(["import-weights", str(tmp_path / "none.pth"), "--out", str(tmp_path / "c")]) == 2
    assert not (tmp_path / "c").exists()
