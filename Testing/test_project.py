"""What holds for the project as a whole: layers, declared dependencies, mirrored tests, nothing of one machine."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
# Package -> folder; an arrow of the layers only points to a package further down in this table.
LAYERS = {
    "USRadiomicsLNMLib": ROOT / "USRadiomicsLNM" / "USRadiomicsLNMLib",
    "USHarmonizationLib": ROOT / "USHarmonization" / "USHarmonizationLib",
}
# What runs in Slicer, and which of our packages and of Slicer's modules each must not import; see Testing/in_slicer.
SLICER_SIDE = {
    "USHarmonizationLogic": {"qt", "ctk", "USHarmonizationPanel", "USRadiomicsLNMLib", "USRadiomicsLNMLogic"},
    "USRadiomicsLNMLogic": {"qt", "ctk", "USHarmonizationPanel"},
    "USHarmonizationPanel": {"USRadiomicsLNMLib", "USRadiomicsLNMLogic"},
    "USRadiomicsLNMPanel": set(),
}
SLICER_FOLDERS = {name: ROOT / name.removesuffix("Logic").removesuffix("Panel") / name for name in SLICER_SIDE}
# Imported, and installed by another package that is declared.
COMES_WITH = {"vtk": "slicer-core", "vtkmodules": "slicer-core", "shiboken6": "pyside6-essentials"}
# Modules without a test file of their own: the file, or folder, in Testing that tests them.
TESTED_BY = {
    "USHarmonizationLib/__main__.py": "commands",
    "USHarmonizationLib/cli": "commands",
    "USHarmonizationLib/errors.py": "commands",
    "USHarmonizationLib/files/dicom_attributes.py": "USHarmonizationLib/files/test_dicom_writing.py",
    "USHarmonizationLib/harmonizers/base.py": "USHarmonizationLib/harmonizers/test_load_harmonizer.py",
    "USHarmonizationLib/harmonizers/engines.py": "USHarmonizationLib/harmonizers/test_network.py",
    "USHarmonizationLib/harmonizers/reference.py": "USHarmonizationLib/harmonizers/test_histogram.py",
    "USHarmonizationLib/networks/blocks.py": "USHarmonizationLib/networks/test_generator.py",
    "USHarmonizationLib/networks/resnet_graph.py": "USHarmonizationLib/networks/test_openvino_graph.py",
    "USHarmonizationLib/networks/resnet_settings.py": "USHarmonizationLib/networks/test_generator.py",
    "USHarmonizationLib/phantom_study/run.py": "commands/test_phantom_study_command.py",
    "USHarmonizationLib/phantom_study/stages.py": "commands/test_phantom_study_command.py",
    "USHarmonizationLib/simulation/dicom.py": "USHarmonizationLib/simulation/test_phantom_files.py",
    "USHarmonizationLib/simulation/output.py": "USHarmonizationLib/simulation/test_phantom_files.py",
    "USHarmonizationLib/simulation/scatterers.py": "USHarmonizationLib/simulation/test_formation.py",
    "USHarmonizationLib/simulation/view.py": "USHarmonizationLib/simulation/test_phantom.py",
    "USHarmonizationLib/networks/texture_graph.py": "USHarmonizationLib/networks/test_openvino_graph.py",
    "USHarmonizationLib/networks/texture_settings.py": "USHarmonizationLib/networks/test_texture_generator.py",
    "USHarmonizationLib/training/loop.py": "USHarmonizationLib/training/test_trainer.py",
    "USHarmonizationLib/training/report.py": "USHarmonizationLib/training/test_trainer.py",
    "USHarmonizationLib/training/run_folder.py": "USHarmonizationLib/training/test_trainer.py",
    "USRadiomicsLNMLib/__main__.py": "commands/test_uslnm_command.py",
    "USRadiomicsLNMLib/cli": "commands/test_uslnm_command.py",
    "USRadiomicsLNMLib/extraction/frame_checks.py": "USRadiomicsLNMLib/extraction/test_pyradiomics_engine.py",
    "USRadiomicsLNMLib/extraction/numpy_features": "USRadiomicsLNMLib/extraction/test_numpy_features.py",
    "USRadiomicsLNMLib/extraction/wavelet_reach.py": "USRadiomicsLNMLib/extraction/test_pyradiomics_engine.py",
    "USRadiomicsLNMLib/figures": "USRadiomicsLNMLib/figures",
    "USRadiomicsLNMLib/report": "USRadiomicsLNMLib/report",
    "USRadiomicsLNMLib/resources.py": "USRadiomicsLNMLib/report/test_sheets.py",
    "USRadiomicsLNMLib/study/examples.py": "commands/test_study_command.py",
    "USRadiomicsLNMLib/study/run.py": "commands/test_study_command.py",
    "USRadiomicsLNMLib/statistics/interval.py": "USRadiomicsLNMLib/statistics/test_performance.py",
    "USHarmonizationLib/variants/base.py": "USHarmonizationLib/variants/test_cyclegan.py",
}
# Declared, though nothing imports them: what needs them.
NOT_IMPORTED: dict[str, str] = {"python-gdcm": "pydicom finds it and decodes JPEG, JPEG-LS and JPEG 2000 with it"}


def tracked_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def modules(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """Absolute names of the modules that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def project_table() -> dict[str, Any]:
    table: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return table


def declared() -> dict[str, Requirement]:
    """Every third-party requirement, of the library and of its extras, by canonical name."""
    table = project_table()
    lines = table["dependencies"] + [line for extra in table["optional-dependencies"].values() for line in extra]
    requirements = [Requirement(line) for line in lines]
    return {canonicalize_name(r.name): r for r in requirements if r.name != table["name"]}


def pinned() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split("==") for line in lines if line and not line.startswith("#"))
    return {canonicalize_name(name): version for name, version in pairs}


@pytest.mark.parametrize("package", LAYERS)
def test_layers_point_downward_and_know_neither_slicer_nor_qt_nor_vtk(package: str) -> None:
    above = list(LAYERS)[: list(LAYERS).index(package)]
    barred = {"slicer", "qt", "ctk", "vtk", "vtkmodules", "mrml", "USHarmonization", "USRadiomicsLNM", *above}
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules(LAYERS[package])
        for name in imports(path)
        if name.split(".")[0] in barred
    ]
    assert not wrong


@pytest.mark.parametrize("package", SLICER_SIDE)
def test_what_runs_in_slicer_keeps_its_layers(package: str) -> None:
    barred = SLICER_SIDE[package] | {"PySide6", "shiboken6", "USHarmonization", "USRadiomicsLNM"}
    barred |= set() if package.startswith("USRadiomicsLNM") else {"USRadiomicsLNMPanel"}
    barred |= {"USRadiomicsLNMPanel"} if package.endswith("Logic") else set()
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules(SLICER_FOLDERS[package])
        for name in imports(path)
        if name.split(".")[0] in barred
    ]
    assert modules(SLICER_FOLDERS[package]), "no module found"
    assert not wrong


@pytest.mark.parametrize(
    "module", ["USHarmonizationLib", "USHarmonizationLib.cli", "USRadiomicsLNMLib", "USRadiomicsLNMLib.cli"]
)
def test_importing_the_library_or_its_commands_is_instant(module: str) -> None:
    heavy = {"torch", "radiomics", "SimpleITK", "skimage", "sklearn", "pydicom", "scipy", "pandas", "distributed"}
    program = f"import sys, {module}; print(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert module.split(".")[0] in loaded
    assert not heavy & set(loaded)


@pytest.mark.parametrize("document", ["README.md", "CHANGELOG.md"])
def test_every_command_is_documented(document: str) -> None:
    from typer.main import get_command

    from USHarmonizationLib.cli import app

    text = (ROOT / document).read_text(encoding="utf-8")
    commands = getattr(get_command(app), "commands")  # noqa: B009 - a group has them
    assert {"inspect", "scanners", "models", "apply", "train", "import-weights", "export"} <= set(commands)
    assert not [name for name in commands if not re.search(rf"\b{name}\b", text)]


def third_party_imports(*folders: Path) -> dict[str, set[str]]:
    """Names of the distributions that may be behind each import, by ``file: module``."""
    distributions = packages_distributions()
    own = {path.stem for folder in folders for path in modules(folder)} | set(LAYERS) | set(SLICER_SIDE)
    found = {}
    for folder in folders:
        for path in modules(folder):
            for name in {name.split(".")[0] for name in imports(path)} - set(sys.stdlib_module_names) - own:
                by = [COMES_WITH[name]] if name in COMES_WITH else distributions.get(name, [])
                found[f"{path.relative_to(ROOT)}: {name}"] = set(map(canonicalize_name, by))
    return found


def test_every_third_party_import_is_a_declared_dependency() -> None:
    library, tests = third_party_imports(*LAYERS.values()), third_party_imports(ROOT / "Testing", ROOT / "examples")
    # What is not installed at all is a module that a test writes itself.
    used = library | {where: names for where, names in tests.items() if names}
    assert not [where for where, names in used.items() if not names & set(declared())], "not in pyproject.toml"
    required = {canonicalize_name(Requirement(line).name) for line in project_table()["dependencies"]}
    needed = set().union(*library.values()) | set(NOT_IMPORTED)
    assert not required - needed, "required, but the library imports it nowhere"


def test_dependencies_are_bounded_and_constraints_pin_versions_within_the_bounds() -> None:
    versions = pinned()
    for name, requirement in declared().items():
        operators = {specifier.operator for specifier in requirement.specifier}
        assert operators == {"=="} or operators == {">=", "<"}, f"{requirement}: needs a lower and an upper bound"
        assert name in versions, f"constraints.txt does not pin {name}"
        assert requirement.specifier.contains(versions[name]), f"constraints.txt: {name}=={versions[name]}"


def test_the_extra_all_has_every_other_extra() -> None:
    extras = project_table()["optional-dependencies"]
    (everything,) = (Requirement(line) for line in extras["all"])
    assert everything.extras == set(extras) - {"all"}


def test_every_module_has_a_test_file() -> None:
    missing = []
    for package, folder in LAYERS.items():
        for path in modules(folder):
            name = package / path.relative_to(folder)
            # test_settings.py, or test_training_settings.py where several folders have a settings.py
            names = (f"test_{name.name}", f"test_{name.parent.name}_{name.name}")
            tests = [ROOT / "Testing" / name.with_name(each) for each in names]
            tests += [ROOT / "Testing" / TESTED_BY[str(it)] for it in (name, name.parent) if str(it) in TESTED_BY]
            if path.name != "__init__.py" and not any(test.exists() for test in tests):
                missing.append(str(name))
    assert not missing, "no test file; TESTED_BY may name the one that tests it"


def test_nothing_names_paths_of_one_machine_or_package_registries() -> None:
    hosts = r"(pypi|pythonhosted|npmjs|anaconda|debian|ubuntu)\." + "(org|com|io)|download" + r"\.pytorch\.org"
    machine = r"(?<![\w.~])/(work|farm|root|home/\w|tmp/\w)"
    pattern = re.compile(f"{hosts}|{machine}")
    found = []
    for path in tracked_files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if pattern.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    assert not found


def test_a_wheel_has_the_packages_and_the_resources(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for path in tracked_files():
        copy = source / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    offline = ["--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "wheel", *offline, "--wheel-dir", tmp_path, source], check=True)
    (wheel,) = tmp_path.glob("usharmonization-*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    for path in tracked_files():
        for package, library in LAYERS.items():
            if path.is_relative_to(library):
                assert str(package / path.relative_to(library)) in names
        for module in ("USHarmonization", "USRadiomicsLNM"):
            resources = ROOT / module / "Resources"
            if path.is_relative_to(resources):
                assert f"{module}Lib/Resources/{path.relative_to(resources).as_posix()}" in names
    site = tmp_path / "site"
    subprocess.run([*pip, "install", *offline, "--target", site, wheel], check=True)
    program = (
        f"import sys; sys.path.insert(0, {str(site)!r})\n"
        "import USHarmonizationLib\n"
        "from USHarmonizationLib.resources import resource_path\n"
        "print(USHarmonizationLib.__file__, resource_path('scanners.json'), resource_path('scanners.json').is_file())"
    )
    # -S: without the site-packages of this environment, in which the checkout itself is installed.
    bare = [sys.executable, "-S", "-c", program]
    answer = subprocess.run(bare, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    package, catalogue, found = answer.split()
    assert Path(package).is_relative_to(site)
    assert Path(catalogue).is_relative_to(site)
    assert found == "True"
