"""Patients of a harmonizer's training are kept out of every test."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from USHarmonizationLib.bundle import write_bundle
from USHarmonizationLib.cohort import pseudonym
from USHarmonizationLib.errors import UsageError
from USRadiomicsLNMLib.harmonizer_patients import overlap_notes, refuse_overlap, training_patients

PATIENTS = tuple(sorted(pseudonym(f"patient {number}") for number in range(5)))


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A harmonizer that has learned from patients 0 to 4."""
    folder = tmp_path / "a-to-b"
    networks = {"generator": ({"name": "fda", "beta": 0.01}, {"amplitude": np.ones((4, 4), dtype=np.float32)})}
    write_bundle(folder, source="a", target="b", variant="fda", networks=networks, training_patients=PATIENTS)
    return folder


def test_patients_come_from_named_and_installed_bundles(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert training_patients(["a-to-b", "", "fda"], [bundle]) == {"a-to-b": frozenset(PATIENTS), "fda": frozenset()}
    assert training_patients(["a-to-b"]) == {"a-to-b": None}
    monkeypatch.setenv("USHARMONIZATION_MODELS", str(tmp_path))
    assert training_patients(["a-to-b"]) == {"a-to-b": frozenset(PATIENTS)}


def test_overlap_with_a_held_out_split_is_refused_without_naming_patients() -> None:
    trained = {"a-to-b": frozenset(PATIENTS), "other": None}
    refuse_overlap("test", ["sha256:0000000000000000"], trained)
    with pytest.raises(
        UsageError, match=r"2 of 3 patients of split test were in training of harmonizer a-to-b"
    ) as error:
        refuse_overlap("test", [*PATIENTS[:2], "sha256:0000000000000000", PATIENTS[0]], trained)
    assert PATIENTS[0] not in str(error.value)


def test_overlap_with_training_patients_is_told() -> None:
    notes = overlap_notes([*PATIENTS[:3], "x"], {"a-to-b": frozenset(PATIENTS), "other": None})
    assert notes[0].startswith("3 of 4 training patients were in the training of harmonizer a-to-b")
    assert notes[1].startswith("harmonizer other is not installed")
    assert overlap_notes(["x"], {"a-to-b": frozenset(PATIENTS)}) == []
