"""Where a training runs: what users write, what is chosen by itself, and what is missing."""

from __future__ import annotations

import sys

import pytest
import torch

from USHarmonizationLib.errors import UsageError
from USHarmonizationLib.training import devices
from USHarmonizationLib.training.devices import Device, make_fabric, parse_device, uses_bf16, uses_compile
from USHarmonizationLib.training.settings import TrainingSettings

CPU = Device("cpu", 1)


def test_devices_as_written(monkeypatch: pytest.MonkeyPatch) -> None:
    assert parse_device("cpu") == CPU
    assert parse_device("cpu:3") == Device("cpu", 3)
    assert parse_device("cpu:3").count == 3
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    assert parse_device("auto") == CPU
    with pytest.raises(UsageError, match="device cuda: torch finds 0 CUDA devices"):
        parse_device("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert parse_device("auto") == parse_device("cuda") == Device("cuda", (0,))
    assert parse_device("cuda:0,1").count == 2
    for text in ("cuda:2", "gpu", "cpu:0", "", "cuda:a"):
        with pytest.raises(UsageError, match="device"):
            parse_device(text)


def test_bf16_only_where_the_processor_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    capable: dict[str, bool] = {}
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capable)
    assert not uses_bf16(TrainingSettings(), CPU)
    capable["amx_bf16"] = True
    assert uses_bf16(TrainingSettings(), CPU)
    assert not uses_bf16(TrainingSettings(precision="32"), CPU)
    assert not uses_bf16(TrainingSettings(), Device("mps", 1))


def test_compiling_only_where_it_pays_and_can_be_done(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = [""]
    monkeypatch.setattr(devices, "_missing_for_compile", lambda device: missing[0])
    many, few = 10 * devices.STEPS_WORTH_COMPILING, devices.STEPS_WORTH_COMPILING - 1
    assert uses_compile(TrainingSettings(steps=many), CPU)
    assert not uses_compile(TrainingSettings(steps=few), CPU)
    assert uses_compile(TrainingSettings(steps=few, compile="on"), CPU)
    assert not uses_compile(TrainingSettings(steps=many, compile="off"), CPU)
    missing[0] = "there is no C++ compiler"
    assert not uses_compile(TrainingSettings(steps=many), CPU)
    with pytest.raises(UsageError, match=r"compile is on, but there is no C\+\+ compiler"):
        uses_compile(TrainingSettings(compile="on"), CPU)


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lightning_fabric", None)
    with pytest.raises(UsageError, match="pip install lightning-fabric"):
        make_fabric(TrainingSettings(), CPU)
