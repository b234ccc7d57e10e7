"""Features through Slicer's nodes are those of ``uslnm extract`` on files; what fails is said in a sentence."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from slicer_lesions import SCANNER, add_segment, lesion_mask, segmentation_node, speckle, uslnm, volume_node

from USHarmonizationLogic.tables import columnsOf
from USRadiomicsLNMLogic import LogicError, USRadiomicsLNMLogic


def ofFiles(folder: Path, pixels: np.ndarray, mask: np.ndarray, parameters: str) -> dict[str, str]:
    """What the command line finds in the same lesion as PNG files."""
    image = pytest.importorskip("PIL.Image", reason="writes PNG")
    image.fromarray(pixels).save(folder / "a.png")
    image.fromarray(mask.astype(np.uint8)).save(folder / "b.png")
    (folder / "cohort.csv").write_text(f"image,mask,scanner\na.png,b.png,{SCANNER}\n")
    out = folder / "of-files.csv"
    assert uslnm("extract", folder / "cohort.csv", "--out", out, "--params", parameters, "--jobs", 1, "--json") == 0
    with open(out, newline="", encoding="utf-8") as stream:
        return next(csv.DictReader(stream))


@pytest.mark.parametrize("colour", [False, True])
def test_values_are_those_of_the_command_line_on_files(scene: Any, tmp_path: Path, colour: bool) -> None:
    pixels, mask = speckle(), lesion_mask()
    if colour:
        pixels = np.repeat(pixels[..., None], 3, axis=-1)
        pixels[:20, :20, 0] = 250  # coloured, but not in the lesion
    image = volume_node(scene, pixels, spacing=(1.0, 1.0, 1.0))
    segmentation, segment = segmentation_node(scene, image, mask)
    table = USRadiomicsLNMLogic(scene).extract(image, segmentation, segment, scanner=SCANNER)
    found = columnsOf(table)
    expected = ofFiles(tmp_path, pixels, mask, "ultrasound-8bit")
    names = [name for name in expected if name.startswith(("original_", "wavelet"))]
    assert len(names) == 474
    np.testing.assert_allclose(
        [found[name][0] for name in names], [float(expected[name]) for name in names], rtol=1e-9, atol=1e-9
    )
    for name in ("engine", "parameters", "scanner"):
        assert found[name] == [expected[name]]
    assert found["image"] == ["original.nrrd"]


def test_a_flipped_image_has_other_values(scene: Any) -> None:
    """So that the test above would see a flip."""
    logic = USRadiomicsLNMLogic(scene)
    image = volume_node(scene, speckle())
    flipped = volume_node(scene, speckle()[:, ::-1])
    segmentation, segment = segmentation_node(scene, image, lesion_mask())
    first, second = (
        columnsOf(logic.extract(node, segmentation, segment, "ibsi"))["original_firstorder_Mean"][0]
        for node in (image, flipped)
    )
    assert abs(first - second) > 5


def test_size_in_mm_is_that_of_the_volume(scene: Any) -> None:
    logic = USRadiomicsLNMLogic(scene)
    image = volume_node(scene, speckle())
    segmentation, segment = segmentation_node(scene, image, lesion_mask())
    columns = columnsOf(logic.extract(image, segmentation, segment, "ibsi"))
    assert columns["original_shape2D_PixelSurface"][0] == pytest.approx(lesion_mask().sum() * 0.2 * 0.25)


def test_the_table_is_saved_as_the_command_writes_it(scene: Any, tmp_path: Path) -> None:
    logic = USRadiomicsLNMLogic(scene)
    image = volume_node(scene, speckle())
    process = logic.startExtraction(image, *segmentation_node(scene, image, lesion_mask()), "ibsi", SCANNER)
    assert process.start().wait() == "done"
    written = process.job.features.read_bytes()
    table = logic.finishExtraction(process)
    logic.saveFeatures(table, tmp_path / "saved.csv")
    assert (tmp_path / "saved.csv").read_bytes() == written
    assert process.folder is None


def test_a_table_node_is_filled_anew(scene: Any) -> None:
    logic = USRadiomicsLNMLogic(scene)
    image = volume_node(scene, speckle())
    table = scene.AddNewNodeByClass("vtkMRMLTableNode", "mine")
    found = logic.extract(image, *segmentation_node(scene, image, lesion_mask()), "ibsi", table=table)
    assert found is table
    assert table.GetNumberOfRows() == 1


def test_what_cannot_be_extracted_is_said_and_no_folder_is_left(
    scene: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    logic = USRadiomicsLNMLogic(scene)
    image = volume_node(scene, speckle())
    segmentation, segment = segmentation_node(scene, image, lesion_mask())
    dot = np.zeros((96, 128), np.uint8)
    dot[40, 60] = 1
    point = add_segment(segmentation, image, dot, "point")
    with pytest.raises(LogicError, match=r"the segment.*pixel"):
        logic.extract(image, segmentation, point)
    (tmp_path / "bad.yaml").write_text("setting: {force2D: false}\n")
    with pytest.raises(LogicError, match=r"No features: .*force2D"):
        logic.extract(image, segmentation, segment, str(tmp_path / "bad.yaml"))
    with pytest.raises(LogicError, match="no parameter file"):
        logic.extract(image, segmentation, segment, str(tmp_path / "none.yaml"))
    assert list(tmp_path.glob("ush-*")) == []


def test_without_pyradiomics_the_own_engine_has_the_same_values(
    scene: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("radiomics", reason="compares with pyradiomics")
    image = volume_node(scene, speckle())
    lesion = segmentation_node(scene, image, lesion_mask())
    logic = USRadiomicsLNMLogic(scene)
    expected = columnsOf(logic.extract(image, *lesion, scanner=SCANNER))
    (tmp_path / "radiomics.py").write_text("raise ImportError")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    found = columnsOf(logic.extract(image, *lesion, scanner=SCANNER))
    assert expected["engine"][0].startswith("pyradiomics")
    assert found["engine"][0].startswith("usharmonization-numpy")
    names = [name for name in expected if name.startswith(("original_", "wavelet"))]
    np.testing.assert_allclose([found[n][0] for n in names], [expected[n][0] for n in names], rtol=1e-9, atol=1e-9)


def test_a_cancelled_extraction_leaves_nothing(scene: Any) -> None:
    logic = USRadiomicsLNMLogic(scene)
    image = volume_node(scene, speckle())
    process = logic.startExtraction(image, *segmentation_node(scene, image, lesion_mask())).start()
    folder = process.folder
    process.cancel()
    assert process.wait(20) == "cancelled"
    assert not folder.exists()
    with pytest.raises(LogicError, match="Cancelled"):
        logic.finishExtraction(process)
