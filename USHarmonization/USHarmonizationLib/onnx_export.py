"""A bundle's network as an ONNX file, for other software."""

from __future__ import annotations

import json
import logging
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .atomic import atomic_path
from .bundle import Bundle
from .errors import UsageError
from .networks import architecture, build_generator

if TYPE_CHECKING:
    import torch

OPSET = 18

# Largest difference between ONNX Runtime and torch, both float32, on a scale from -1 to 1.
TOLERANCE = 3e-4


def export_onnx(bundle: Bundle, out: Path, role: str = "generator") -> None:
    """Write one network of a bundle as one ONNX file.

    Input ``image`` and output ``harmonized`` are float32, (1, channels, rows, columns), black and white as the bundle's
    ``intensity_range`` says (-1 and 1); rows and columns of any size that the network takes (multiples of 4 from 16 for
    ``resnet``). The file's metadata hold the bundle's name, version, scanners, licence and intended use. What
    ``NetworkHarmonizer`` does around the network (filling, mirroring, cropping back) is not part of it. Before the file
    gets its name, ONNX Runtime has to give the same image as the network.

    Raises:
        UsageError: the bundle has no such network, it is none (histogram, fda), or a needed package is not installed.
        OSError: the file cannot be written.
    """
    for package in ("onnx", "onnxscript", "onnxruntime"):
        if find_spec(package) is None:
            raise UsageError(f"export needs the package {package}: pip install usharmonization[onnx]")
    weights = bundle.weights(role)
    settings = bundle.networks[role].settings
    if settings["name"] in ("fda", "histogram"):
        raise UsageError(f"bundle {bundle.name} holds no network but {settings['name']}, which ONNX cannot express")
    import torch

    from .harmonizers.engines import loaded

    entry = architecture(settings)
    network = loaded(build_generator(settings), weights).eval()
    side = entry.multiple * -(-max(64, entry.smallest) // entry.multiple)
    example = torch.zeros(1, int(settings.get("channels", 1)), side, side + entry.multiple)
    sizes = dict.fromkeys((2, 3), torch.export.Dim.DYNAMIC)
    # The exporter warns of itself, and that torchvision is not installed, which nothing here needs.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            network,
            (example,),
            input_names=["image"],
            output_names=["harmonized"],
            dynamic_shapes=(sizes,),
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    if program is None:  # what the older exporter gives
        raise UsageError("this version of torch cannot export to ONNX; needed: torch 2.6 or newer")
    low, high = bundle.intensity_range
    program.model.metadata_props.update(
        {
            "name": bundle.name,
            "version": bundle.version,
            "source": bundle.source,
            "target": bundle.target,
            "role": role,
            "intensity_range": json.dumps([low, high]),
            "multiple": str(entry.multiple),
            "smallest": str(entry.smallest),
            "licence": bundle.licence,
            "intended_use": bundle.intended_use,
            "citation": bundle.citation,
            "software_version": bundle.software_version,
        }
    )
    with atomic_path(out) as temporary:
        program.save(temporary, external_data=False)
        _check(temporary, network, example)


def _check(file: Path, network: torch.nn.Module, example: torch.Tensor) -> None:
    """That ONNX Runtime gives what the network gives, for another size than the one it was exported with.

    An exporter may get sizes wrong that it has to compute, without a word.
    """
    import onnxruntime
    import torch

    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    rows, columns = 3 * example.shape[2], 2 * example.shape[3]
    image = torch.rand(1, example.shape[1], rows, columns, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.inference_mode():
        expected = network(image).numpy()
    (found,) = session.run(None, {"image": image.numpy()})
    if found.shape != expected.shape or not np.abs(found - expected).max() < TOLERANCE:
        raise UsageError(
            f"the exported network does not give the same image for {rows} x {columns} pixels; no file written"
        )
