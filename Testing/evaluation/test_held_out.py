"""The evaluation on a small data set of its own, laid out like BUS-BRA; and the split that the repository holds."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from synthetic_frames import synthetic

from USHarmonizationLib.cohort import read_cohort
from USHarmonizationLib.errors import UsageError

pytest.importorskip("radiomics", reason="needs pyradiomics: make install builds it")

PATIENTS = 18  # of each scanner: six in each split
DEVICES = {"a": "GE Logiq 5 @10-12MHz", "b": "GE Logiq 7 @10-14MHz"}
SPLITS = ("train", "validation", "test")


@pytest.fixture(scope="module")
def busbra_like(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder, and ``split.csv`` in it."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "Images").mkdir()
    (folder / "Masks").mkdir()
    rows, split = [], []
    for number in range(2 * PATIENTS):
        scanner = "ab"[number % 2]
        sample, name = synthetic(300 + number, scanner, (96, 104)), f"{number:04}-s"
        Image.fromarray(np.rint(sample.frame * 255).astype(np.uint8)).save(folder / "Images" / f"bus_{name}.png")
        Image.fromarray(sample.lesion.astype(np.uint8) * 255).save(folder / "Masks" / f"mask_{name}.png")
        pathology = "malignant" if number // 2 % 2 else "benign"
        rows.append([f"bus_{name}", number, pathology, "4", DEVICES[scanner]])
        split.append([f"bus_{name}", number, SPLITS[number // 2 % 3]])
    for table, header, content in (
        ("bus_data.csv", ["ID", "Case", "Pathology", "BIRADS", "Device"], rows),
        ("split.csv", ["ID", "Case", "split"], split),
    ):
        with open(folder / table, "w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerows([header, *content])
    return folder


@pytest.fixture
def evaluation(repository: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """Imports a script of this folder."""
    from importlib import import_module

    monkeypatch.syspath_prepend(str(repository / "Testing" / "evaluation"))
    return import_module


def test_figures_of_harmonizers(
    busbra_like: Path, tmp_path: Path, evaluation: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    held_out = evaluation("held_out")
    data = held_out.HeldOut(busbra_like, tmp_path / "cache", split_file=busbra_like / "split.csv")
    original = data.evaluate(None)
    assert original["images"] == original["patients"] == 6
    assert original["change"] == 0
    assert original["contrast_spearman"] == original["contrast_concordance"] == 1
    assert original["malignancy_gain"] == 0
    assert original["scanner"] == 1

    asked: list[tuple[type, bool]] = []

    def ideal(frame: NDArray[np.float32], valid: NDArray[np.bool_]) -> NDArray[np.float32]:
        asked.append((frame.dtype.type, bool((frame <= 1).all() and valid.any())))
        case = data.cases[len(asked) - 1]
        return synthetic(300 + int(case.patient.removeprefix("busbra-")), "b", (96, 104)).frame

    made = data.evaluate(ideal)
    assert asked == [(np.float32, True)] * 6
    assert made["frechet"] < 0.5 * original["frechet"]
    assert made["change"] > 10
    assert made["seconds"] > 0
    assert made["contrast_spearman"] > 0.5
    low, high = made["malignancy_interval"]
    assert low <= made["malignancy"] <= high

    # A second time nothing is extracted again.
    monkeypatch.setattr(held_out.texture, "texture_features", None)
    again = held_out.HeldOut(busbra_like, tmp_path / "cache", split_file=busbra_like / "split.csv").evaluate(None)
    assert {**again, "seconds": 0} == {**original, "seconds": 0}


def test_a_folder_of_generated_images(
    busbra_like: Path, tmp_path: Path, evaluation: Callable[[str], ModuleType]
) -> None:
    held_out = evaluation("held_out")
    data = held_out.HeldOut(busbra_like, tmp_path / "cache", split_file=busbra_like / "split.csv")
    folder = tmp_path / "out" / "Images"
    folder.mkdir(parents=True)
    for grey, _, valid in data.prepared(data.cases):
        name = data.cases[len(list(folder.iterdir()))].image.name
        Image.fromarray(np.where(valid, grey // 2, grey)).save(folder / name)
    halved = data.evaluate(lambda frame, valid: np.floor(frame * 255 / 2) / 255)
    found = data.evaluate_folder(tmp_path / "out")
    assert {**found, "seconds": 0} == {**halved, "seconds": 0}
    next(folder.iterdir()).unlink()
    with pytest.raises(UsageError, match="lacks 1 of 6 images"):
        data.evaluate_folder(tmp_path / "out")


def test_without_graphics_only_tissue_counts(
    busbra_like: Path, tmp_path: Path, evaluation: Callable[[str], ModuleType]
) -> None:
    """A harmonizer that paints over what is not tissue changes no figure of tissue."""
    held_out = evaluation("held_out")
    data = held_out.HeldOut(busbra_like, tmp_path / "cache", split_file=busbra_like / "split.csv", tissue=True)
    grey, lesion = data.cases[0].read()
    valid = np.ones_like(lesion)
    rows, columns = (int(place) for place in np.argwhere(lesion)[len(np.argwhere(lesion)) // 2])
    valid[rows - 2 : rows + 3, columns - 2 : columns + 3] = False
    images = [np.where(valid, grey, level).astype(np.uint8) for level in (0, 255)]
    measured = [data._measured(image, lesion, valid) for image in images]
    assert np.array_equal(measured[0][0], measured[1][0])
    assert np.array_equal(measured[0][1], lesion & valid)
    data._tissue = False
    assert data._measured(images[1], lesion, valid)[0] is images[1]


def test_one_curve_for_all_images(evaluation: Callable[[str], ModuleType]) -> None:
    """Levels 10 and 20, equally often, become the target's 100 and 200, and what lies between lies between."""
    held_out = evaluation("held_out")
    source, target = np.zeros(256, dtype=np.int64), np.zeros(256, dtype=np.int64)
    source[[10, 20]], target[[100, 200]] = 50, 7
    curve = held_out.tone_curve(source, target)
    frame = np.array([[10, 15, 20]], dtype=np.float32) / 255
    assert (curve(frame, frame > 0) * 255).tolist() == [pytest.approx([100, 150, 200], abs=0.01)]


def test_the_command_line(
    busbra_like: Path, tmp_path: Path, evaluation: Callable[[str], ModuleType], capsys: pytest.CaptureFixture[str]
) -> None:
    held_out = evaluation("held_out")
    out = tmp_path / "x.json"
    assert held_out.main(["figures", "--busbra", str(tmp_path), "--cache", str(tmp_path), "--out", str(out)]) == 2
    assert "is not the folder of BUS-BRA" in capsys.readouterr().err
    # The split of the repository names images that this data set lacks.
    assert held_out.main(["cohort", "--busbra", str(busbra_like), "--out", str(out)]) == 2
    assert "which busbra_split.csv names" in capsys.readouterr().err


def test_unknown_scanners_are_refused(
    busbra_like: Path, tmp_path: Path, evaluation: Callable[[str], ModuleType]
) -> None:
    held_out = evaluation("held_out")
    with pytest.raises(UsageError, match="'siemens' is not in BUS-BRA; it has: ge-logiq-5, ge-logiq-7"):
        held_out.HeldOut(busbra_like, tmp_path, source="siemens", split_file=busbra_like / "split.csv")


def test_auc_and_its_interval_are_those_of_the_books(evaluation: Callable[[str], ModuleType]) -> None:
    from sklearn.metrics import roc_auc_score

    held_out, chance = evaluation("held_out"), np.random.default_rng(0)
    outcome = chance.integers(0, 2, 80)
    score = outcome + np.round(chance.normal(0, 1.5, 80), 1)  # with ties
    assert held_out.auc(outcome, score) == pytest.approx(roc_auc_score(outcome, score))
    patients = np.repeat(np.arange(40), 2).astype(str)
    interval, gain = held_out.bootstrap(outcome, score, score, patients)
    assert interval[0] < held_out.auc(outcome, score) < interval[1]
    assert gain == (0, 0)


def test_contrast_by_hand(evaluation: Callable[[str], ModuleType]) -> None:
    held_out = evaluation("held_out")
    grey = np.full((60, 60), 100, dtype=np.uint8)
    lesion = np.zeros((60, 60), dtype=bool)
    lesion[20:40, 20:40] = True
    grey[lesion] = 40
    grey[:5] = 250  # farther than the ring
    valid = np.ones((60, 60), dtype=bool)
    assert held_out.contrast(grey, lesion, valid) == -60
    grey[30, 30], valid[30, 30] = 255, False  # a calliper
    assert held_out.contrast(grey, lesion, valid) == -60


def test_no_patient_is_in_two_splits(evaluation: Callable[[str], ModuleType]) -> None:
    busbra = evaluation("busbra")
    with open(busbra.SPLIT_FILE, newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["split"] for row in rows} == set(SPLITS)
    assert len({row["Case"] for row in rows}) == len({(row["Case"], row["split"]) for row in rows})
    assert len({row["ID"] for row in rows}) == len(rows) == 1309


def test_the_split_can_be_made_again(
    shared_data: Path, tmp_path: Path, evaluation: Callable[[str], ModuleType]
) -> None:
    busbra = evaluation("busbra")
    busbra.make_split(shared_data / "busbra", tmp_path / "split.csv")
    assert (tmp_path / "split.csv").read_bytes() == busbra.SPLIT_FILE.read_bytes()


def test_the_cohort_table(shared_data: Path, tmp_path: Path, evaluation: Callable[[str], ModuleType]) -> None:
    held_out = evaluation("held_out")
    table = tmp_path / "cohort.csv"
    assert held_out.main(["cohort", "--busbra", str(shared_data / "busbra"), "--out", str(table)]) == 0
    rows = read_cohort(table)
    assert len(rows) == 1309
    assert all(row.image.is_file() and row.mask is not None and row.mask.is_file() for row in rows)
    assert {row.others["malignant"] for row in rows} == {"0", "1"}
    assert {row.scanner for row in rows} == {"ge-logiq-5", "ge-logiq-7", "toshiba-aplio-300", "u-systems"}


def test_rates_of_warnings(
    busbra_like: Path, tmp_path: Path, evaluation: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    held_out, qa_rates = evaluation("held_out"), evaluation("qa_rates")
    others = [(frame, np.ones(frame.shape, dtype=bool)) for frame in (np.eye(80, dtype=np.float32),)]
    monkeypatch.setattr(qa_rates, "other_frames", lambda plus: iter(others))
    data = held_out.HeldOut(busbra_like, tmp_path / "cache", split_file=busbra_like / "split.csv")
    source, target = qa_rates.fit_domains(data)
    assert source.frames == target.frames == 6
    rates = qa_rates.measure(data, lambda frame, valid: frame**2, qa_rates.bound_check(source, target))
    assert rates["good"]["frames"] == 6
    assert rates["inverted"]["warned"] == 1
    assert rates["noise, uniform"]["warned"] == 1
    assert rates["scanner ge-logiq-7"]["frames"] == 18
    assert rates["other anatomy and device"]["frames"] == rates["other anatomy and device"]["warned"] == 1
    assert 0 <= rates["good"]["figures"]["structure"][0] <= 1
    json.dumps(rates, allow_nan=False)


def test_changes_of_features(evaluation: Callable[[str], ModuleType]) -> None:
    exact = np.array([[1.0, 2.0, 0.0], [4.0, 2.0, 0.0]])
    found = evaluation("reduced_precision").changes(exact, np.array([[1.0, 2.01, 0.0], [4.2, 2.0, 0.0]]))
    assert found == {
        "bf16_max_feature_change": pytest.approx(0.05),
        "bf16_share_of_features_moved": pytest.approx(1 / 3),
    }
