"""Parameters and their digest, parameter files, and which engine there is."""

from __future__ import annotations

import json
import pickle
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from USHarmonizationLib.errors import UsageError
from USRadiomicsLNMLib.extraction import engine
from USRadiomicsLNMLib.extraction.engine import Parameters, find_engine, parameter_file

# pyradiomics' checker of parameter files loads modules in a way that Python has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:the load_module:DeprecationWarning")


@pytest.fixture
def without_pyradiomics(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(sys.modules, "radiomics", None)  # importing it is an ImportError
    engine._has_pyradiomics.cache_clear()
    yield
    engine._has_pyradiomics.cache_clear()


@pytest.mark.usefixtures("without_pyradiomics")
def test_without_pyradiomics_the_numpy_engine_stands_in_under_its_own_name() -> None:
    assert find_engine().name == find_engine("numpy").name == "usharmonization-numpy 1"
    with pytest.raises(UsageError, match="this needs pyradiomics, which is not installed"):
        find_engine("pyradiomics")


def test_pyradiomics_goes_first_and_others_are_had_by_name() -> None:
    pytest.importorskip("radiomics")
    assert find_engine().name == find_engine("pyradiomics").name == "pyradiomics 3.0.1"
    assert find_engine("numpy").name == "usharmonization-numpy 1"
    with pytest.raises(UsageError, match="there is no engine matlab; needed: pyradiomics or numpy"):
        find_engine("matlab")


@pytest.mark.parametrize("name", ["pyradiomics", "numpy"])
def test_an_engine_travels_to_other_processes(name: str) -> None:
    if name == "pyradiomics":
        pytest.importorskip("radiomics")
    assert pickle.loads(pickle.dumps(find_engine(name))).name == find_engine(name).name


@pytest.mark.parametrize("name", ["ultrasound-8bit", "ibsi"])
def test_shipped_parameters_are_two_dimensional_and_neither_normalize_nor_resample(name: str) -> None:
    pytest.importorskip("radiomics")
    content = json.loads(find_engine().parameters(parameter_file(name)).content)
    assert content["setting"]["force2D"]
    assert not content["setting"]["normalize"]
    assert content["setting"]["resampledPixelSpacing"] is None
    assert set(content["imageType"]) == ({"Original", "Wavelet"} if name != "ibsi" else {"Original"})


def test_the_digest_depends_neither_on_order_nor_on_how_a_number_is_written() -> None:
    one = Parameters("a", '{"featureClass": {"glcm": ["Id", "Contrast"]}, "setting": {"binWidth": 25.0}}')
    other = Parameters("b", '{"setting": {"binWidth": 25}, "featureClass": {"glcm": ["Contrast", "Id"]}}')
    assert one.digest == other.digest
    assert len(one.digest) == len("sha256:") + 16
    assert one.digest != Parameters("a", one.content.replace("25.0", "25.5")).digest


def test_the_digest_is_of_what_values_depend_on(tmp_path: Path) -> None:
    def digest(text: str) -> str:
        file = tmp_path / "one.yaml"
        file.write_text(text)
        found = find_engine().parameters(file)
        assert isinstance(found, Parameters)
        return found.digest

    first = digest("{setting: {force2D: true, binWidth: 25}, featureClass: {glcm: [Contrast, Id], firstorder: }}")
    assert first.startswith("sha256:")
    assert first == digest(
        "# the same\nfeatureClass: {firstorder: , glcm: [Id, Contrast]}\n"
        "setting: {binWidth: 25.0, force2D: true, force2Ddimension: 0, additionalInfo: false}"
    )
    assert first != digest(
        "{setting: {force2D: true, binWidth: 20}, featureClass: {glcm: [Contrast, Id], firstorder: }}"
    )
    assert first != digest("{setting: {force2D: true, binWidth: 25}, featureClass: {glcm: [Contrast], firstorder: }}")


def test_an_unknown_parameter_file_names_those_that_ship() -> None:
    with pytest.raises(UsageError, match=r"no parameter file nothing.yaml; needed: .* one of: ibsi, ultrasound-8bit"):
        parameter_file("nothing.yaml")
