"""A bundle's network as an ONNX file, for other software."""

from __future__ import annotations

import json
import warnings
from importlib.util import find_spec
from pathlib import Path

from .atomic import atomic_path
from .bundle import Bundle
from .errors import UsageError
from .networks import architecture, build_generator

OPSET = 18


def export_onnx(bundle: Bundle, out: Path, role: str = "generator") -> None:
    """Write one network of a bundle as one ONNX file.

    Input ``image`` and output ``harmonized`` are float32, (1, channels, rows, columns), black and white as the bundle's
    ``intensity_range`` says (-1 and 1); rows and columns of any size that the network takes (multiples of 4 from 16 for
    ``resnet``). The file's metadata hold the bundle's name, version, scanners, licence and intended use. What
    ``NetworkHarmonizer`` does around the network (filling, mirroring, cropping back) is not part of it.

    Raises:
        UsageError: the bundle has no such network, it is none (histogram, fda), or a needed package is not installed.
        OSError: the file cannot be written.
    """
    for package in ("onnx", "onnxscript"):
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
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter about itself
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
