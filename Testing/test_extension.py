"""The Slicer extension as it is built and listed: CMake, the entry of the extensions index, icons.

The rules of the index are those of ``scripts/check_description_files.py`` of Slicer/ExtensionsIndex and of its schema
of entries, version 1.0.1.
"""

from __future__ import annotations

import csv
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
NAME = "USHarmonization"
MODULES = ("USHarmonization", "USRadiomicsLNM")
ENTRY = ROOT / f"{NAME}.json"
# Of the index: extensions that ours may depend on, categories that fit, keys of an entry and their types.
KNOWN_EXTENSIONS = {"PyTorch", "SlicerRadiomics"}
CATEGORIES = {"Ultrasound", "Image Synthesis", "Informatics", "Analysis", "Quantification"}
REQUIRED_KEYS = {"$schema": str, "category": str, "scm_url": str}
KEYS: dict[str, type] = REQUIRED_KEYS | {
    "scm_revision": str,
    "scm_type": str,
    "build_dependencies": list,
    "build_subdirectory": str,
    "enabled": bool,
    "tier": int,
}


def tool(name: str) -> ModuleType:
    """A script of the folder Tools, as a module."""
    spec = importlib.util.spec_from_file_location(f"tools_{name}", ROOT / "Tools" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def entry() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(ENTRY.read_text("utf-8"))
    return loaded


def description(path: Path) -> dict[str, str]:
    """The lines ``key value`` of an .s4ext file."""
    lines = path.read_text("utf-8").splitlines()
    return dict(line.partition(" ")[::2] for line in lines if line.strip() and not line.startswith("#"))


def extension_variable(name: str) -> str:
    """What the root CMakeLists.txt sets EXTENSION_<name> to, in the form that the index looks for."""
    (value,) = re.findall(rf'^set\(EXTENSION_{name} "([^"\n]+)"\)$', (ROOT / "CMakeLists.txt").read_text("utf-8"), re.M)
    return str(value)


# --- the lists of files


@pytest.mark.parametrize("module", MODULES)
def test_each_file_of_a_module_is_listed(module: str) -> None:
    lists = tool("cmake_lists")
    text = (ROOT / module / "CMakeLists.txt").read_text("utf-8")
    assert text == lists.with_lists(text, *lists.packaged_files(ROOT / module)), "run: python Tools/cmake_lists.py"


def test_lists_hold_what_users_need_and_nothing_else(tmp_path: Path) -> None:
    for name in ("M.py", "MLib/__init__.py", "MLib/py.typed", "MLib/__pycache__/a.pyc", "Resources/UI/M.ui"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    for name in ("CMakeLists.txt", ".DS_Store", "Testing/test_m.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    lists = tool("cmake_lists")
    found = lists.packaged_files(tmp_path)
    assert found == (["M.py", "MLib/__init__.py"], ["MLib/py.typed", "Resources/UI/M.ui"])
    empty = "a\n  # begin scripts, written by Tools/cmake_lists.py\n  old.py\n  # end scripts\nb\n"
    empty += "  # begin resources, written by Tools/cmake_lists.py\n  # end resources\nc\n"
    filled = lists.with_lists(empty, *found)
    assert "old.py" not in filled
    assert [line.strip() for line in filled.splitlines() if "#" not in line] == [
        "a", "M.py", "MLib/__init__.py", "b", "MLib/py.typed", "Resources/UI/M.ui", "c",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="no marks of the resources list"):
        lists.with_lists(empty.replace("end resources", ""), *found)


# --- CMake, run for real with stand-ins for Slicer's macros


def cmake_program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"no {name} on this machine (Debian: apt-get install cmake)")
    return found


def configure(source: Path, build: Path) -> subprocess.CompletedProcess[str]:
    """Configure the extension; nothing is compiled, so any program will do for the compilers that CMake asks for."""
    compilers = [
        option
        for language in ("C", "CXX")
        for option in (
            f"-DCMAKE_{language}_COMPILER={sys.executable}",
            f"-DCMAKE_{language}_COMPILER_ID_RUN=1",
            f"-DCMAKE_{language}_COMPILER_FORCED=1",
        )
    ]
    slicer = ROOT / "Testing" / "slicer_cmake"
    command = [cmake_program("cmake"), "-S", source, "-B", build, f"-DSlicer_DIR={slicer}", *compilers]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The build folder of the extension."""
    build = tmp_path_factory.mktemp("extension")
    result = configure(ROOT, build)
    assert result.returncode == 0, result.stderr
    return build


def test_the_package_holds_both_modules(built: Path) -> None:
    package = built / "qt-scripted-modules"
    files = {path.relative_to(package).as_posix() for path in package.rglob("*") if path.is_file()}
    lists = tool("cmake_lists")
    assert files == {file for module in MODULES for part in lists.packaged_files(ROOT / module) for file in part}
    for module in MODULES:
        assert {f"{module}.py", f"Resources/Icons/{module}.png"} <= files


def test_the_package_works_on_its_own(built: Path, tmp_path: Path) -> None:
    package = built / "qt-scripted-modules"
    environment = {**os.environ, "PYTHONPATH": str(package)}
    command = [sys.executable, "-m", "USHarmonizationLib", "models", "--json"]
    answer = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True).stdout
    assert "ge-logiq-5-to-ge-logiq-7" in answer
    program = (
        "import USHarmonizationLib.cli, USRadiomicsLNMLib.cli as cli; print(USHarmonizationLib.__file__, cli.__file__)"
    )
    command = [sys.executable, "-c", program]
    answer = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True).stdout
    assert all(Path(file).is_relative_to(package) for file in answer.split())


def test_tests_are_registered(built: Path) -> None:
    command = [cmake_program("ctest"), "-N", "--test-dir", built]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = set(re.findall(r"Test +#\d+: (\S+)", listed))
    generic = {f"py_nomainwindow_qSlicer{module}ModuleGenericTest" for module in MODULES}
    assert found == generic | {f"py_{module}" for module in MODULES} | {
        "py_run_in_slicer",
        "py_nomainwindow_run_in_slicer",
    }


def test_the_descriptions_say_the_same(built: Path) -> None:
    packaged, older = description(built / f"{NAME}.s4ext"), description(ROOT / "extension.s4ext")
    assert packaged == {key: older[key] for key in packaged}
    assert all(packaged.values())
    today = entry()
    assert packaged["depends"].split() == today["build_dependencies"]
    assert packaged["category"] == today["category"]
    assert packaged["tier"] == str(today["tier"])
    assert (older["scm"], older["scmurl"], older["scmrevision"]) == ("git", today["scm_url"], today["scm_revision"])


def test_a_listed_file_that_is_missing_stops_the_build(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "M").mkdir(parents=True)
    (source / "LICENSE").touch()
    (source / "README.md").touch()
    root = re.sub(r"add_subdirectory\(\w+\)", "", (ROOT / "CMakeLists.txt").read_text("utf-8"))
    (source / "CMakeLists.txt").write_text(root.replace("endif()", "endif()\nadd_subdirectory(M)"))
    (source / "M" / "M.py").touch()
    module = source / "M" / "CMakeLists.txt"
    module.write_text("slicerMacroBuildScriptedModule(NAME M SCRIPTS M.py)")
    assert configure(source, tmp_path / "good").returncode == 0
    module.write_text("slicerMacroBuildScriptedModule(NAME M SCRIPTS M.py MLib/gone.py)")
    result = configure(source, tmp_path / "bad")
    assert result.returncode != 0
    assert "there is no file MLib/gone.py" in result.stderr


# --- what the index of extensions checks


def test_the_entry_is_valid() -> None:
    raw = ENTRY.read_bytes()
    assert b"\r" not in raw, "line endings must be LF"
    metadata = entry()
    assert set(REQUIRED_KEYS) <= set(metadata) <= set(KEYS)
    for key, value in metadata.items():
        assert type(value) is KEYS[key], f"{key} must be of type {KEYS[key].__name__}"
    assert metadata["$schema"].endswith("slicer-extension-catalog-entry-schema-v1.0.1.json#")
    assert 1 <= metadata["tier"] <= 5
    assert metadata["category"] in CATEGORIES
    assert set(metadata["build_dependencies"]) <= KNOWN_EXTENSIONS
    assert metadata.get("scm_type", "git") == "git"


def test_names_are_as_the_index_wants_them() -> None:
    assert not ENTRY.stem.lower().startswith("slicer")
    address = urlsplit(entry()["scm_url"])
    assert address.scheme in {"https", "git"}
    assert Path(address.path).stem == f"Slicer{NAME}"
    text = (ROOT / "CMakeLists.txt").read_text("utf-8")
    (project,) = re.findall(r"^project\(([^\s)]+)", text, re.M | re.I)
    assert project == ENTRY.stem == NAME
    assert extension_variable("HOMEPAGE") == entry()["scm_url"].removesuffix(".git")


@pytest.mark.parametrize("name", ["ICONURL", "SCREENSHOTURLS"])
def test_pictures_are_where_the_catalogue_will_look(name: str) -> None:
    owner_and_repository = urlsplit(entry()["scm_url"]).path.removesuffix(".git")
    base = f"https://raw.githubusercontent.com{owner_and_repository}/{entry()['scm_revision']}/"
    for address in extension_variable(name).split():
        assert address.startswith(base)
        with Image.open(ROOT / address.removeprefix(base)) as picture:
            assert picture.format in {"PNG", "JPEG", "GIF"}
            assert name != "ICONURL" or picture.size == (128, 128)


def test_the_repository_is_small_and_has_a_licence() -> None:
    assert (ROOT / "LICENSE").is_file()
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    files = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    counted = subprocess.run(
        ["git", "count-objects", "-v"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    kilobytes = sum(int(size) for size in re.findall(r"^size(?:-pack)?: (\d+)", counted, re.M))
    # The index counts a clone: the files and their history.
    assert sum(path.stat().st_size for path in files if path.is_file()) + 1024 * kilobytes < 100 * 1024**2


# --- icons


def test_icons_are_those_that_are_drawn() -> None:
    icons = tool("draw_icons")
    for name, draw in icons.ICONS.items():
        with Image.open(ROOT / name) as picture:
            kept = np.asarray(picture.convert("RGBA"), dtype=int)
        drawn = np.asarray(draw(), dtype=int)
        assert kept.shape == drawn.shape == (128, 128, 4)
        # Another version of a library may round otherwise.
        assert np.abs(kept - drawn).max() <= 2, f"{name}: run python Tools/draw_icons.py"


# --- the page for users


def test_the_tutorial_leads_somewhere() -> None:
    page = ROOT / "docs" / "slicer" / "README.md"
    text = page.read_text("utf-8")
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    assert links
    assert not [link for link in links if not (page.parent / link).is_file()]
    panel = (ROOT / "USHarmonization" / "USHarmonizationPanel" / "sample_data.py").read_text("utf-8")
    titles = re.findall(r'_\("([^"]+)"\)', panel)
    assert [title for title in titles if f"*{title}*" in text] == titles
    nodes = set(re.findall(r"\*(US (?:lesion|phantom) [^*]+)\*", text))
    assert nodes == {"US lesion Voluson", "US lesion Voluson outline", "US phantom Preirus", "US phantom Voluson"}


def test_the_tutorial_names_buttons_as_the_panels_do() -> None:
    """What is bold in the steps is a label of a panel, a module, or a part of Slicer."""
    text = (ROOT / "docs" / "slicer" / "README.md").read_text("utf-8")
    steps = text.partition("## Tutorial")[2].partition("## Models")[0]
    folders = [ROOT / module for module in MODULES]
    labels = {"Sample Data", "Ultrasound > US Harmonization", "US Radiomics LNM"}
    for folder in folders:
        for path in (folder / "Resources" / "UI").glob("*.ui"):
            found = re.findall(r"<string>([^<]*)</string>", path.read_text("utf-8"))
            labels |= {label.replace("&amp;", "").rstrip(".:") for label in found}
    assert not set(re.findall(r"\*\*([^*]+)\*\*", steps)) - labels


def test_the_model_of_the_tutorial_says_that_it_is_for_learning_only() -> None:
    from USHarmonizationLib.bundle import read_bundle

    bundle = read_bundle(ROOT / "USHarmonization" / "Resources" / "Models" / "ge-voluson-e8-to-hitachi-preirus")
    assert bundle.variant == "texture-simulated"
    assert "learning the program only" in bundle.intended_use
    assert "simulated" in bundle.citation


@pytest.mark.slow
def test_the_checks_pass_for_the_sample_of_the_tutorial(tmp_path: Path) -> None:
    samples = ROOT / "USHarmonization" / "Resources" / "SampleData"
    rows = ["image,mask,label,patient,scanner"]
    rows += [f"{samples / 'us-lesion-voluson.nrrd'},{samples / 'us-lesion-voluson.seg.nrrd'},1,sample,ge-voluson-e8"]
    (tmp_path / "cohort.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    command = [sys.executable, "-m", "USHarmonizationLib", "apply", tmp_path / "cohort.csv"]
    command += ["--model", "ge-voluson-e8-to-hitachi-preirus", "--out", tmp_path / "out"]
    subprocess.run(command, check=True, capture_output=True)
    (row,) = csv.DictReader((tmp_path / "out" / "apply.csv").read_text("utf-8").splitlines())
    assert row["status"] == "done"
    assert row["warnings"] == ""
    assert float(row["qa_target_distance_after"]) < float(row["qa_target_distance_before"])
