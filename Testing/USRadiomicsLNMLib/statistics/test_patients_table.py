"""Table 1: the tests R gives, chosen by the data and named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from simulated_features import named_numbers, records

from USHarmonizationLib.cohort import CohortRow
from USHarmonizationLib.errors import UsageError
from USRadiomicsLNMLib.statistics.patients_table import compare_categories, compare_numbers, patients_table

R = named_numbers("statistics.csv")


def groups(name: str) -> list[np.ndarray]:
    rows = records("statistics_input.csv")
    return [np.array([float(row[name]) for row in rows if row["y"] == value]) for value in ("0", "1")]


def counts(name: str) -> np.ndarray:
    rows = records("statistics_input.csv")
    kinds = sorted({row[name] for row in rows})
    return np.array([[sum(row[name] == kind and row["y"] == y for row in rows) for y in "01"] for kind in kinds])


def test_normal_numbers_get_a_t_test() -> None:
    test = compare_numbers(*groups("age"))
    by_name = {"Student's t test": R["t_age"], "Welch's t test": R["welch_age"]}
    assert test.p == pytest.approx(by_name[test.name], abs=1e-9)


def test_unequal_variances_get_welchs() -> None:
    rng = np.random.default_rng(0)
    assert compare_numbers(rng.normal(size=60), rng.normal(scale=5, size=60)).name == "Welch's t test"
    assert compare_numbers(rng.normal(size=60), rng.normal(size=60)).name == "Student's t test"


def test_skewed_numbers_get_mann_whitney() -> None:
    rng = np.random.default_rng(0)
    assert compare_numbers(np.exp(rng.normal(size=60)), np.exp(rng.normal(size=60))).name == "Mann-Whitney U test"
    first, second = groups("size")
    rounded = np.round(np.append(first, 500)), np.round(second)  # an outlier: not normal any more
    assert compare_numbers(*rounded).name == "Mann-Whitney U test"


def test_categories_get_chi_square_where_counts_allow_it_and_fisher_elsewhere() -> None:
    side = compare_categories(counts("side"))
    assert (side.name, side.p) == ("chi-square test", pytest.approx(R["chi_square_side"], abs=1e-9))
    rare = compare_categories(counts("rare"))
    assert (rare.name, rare.p) == ("Fisher's exact test", pytest.approx(R["fisher_rare"], abs=1e-9))
    stage = compare_categories(counts("stage"))
    if stage.name == "chi-square test":
        assert stage.p == pytest.approx(R["chi_square_stage"], abs=1e-9)
    else:
        assert stage.p == pytest.approx(R["fisher_stage"], abs=0.01)


def test_fisher_by_monte_carlo_is_near_the_exact_value() -> None:
    # R: fisher.test(rbind(c(3, 0), c(1, 4), c(2, 5)))$p.value
    test = compare_categories(np.array([[3, 0], [1, 4], [2, 5]]))
    assert test.name == "Fisher's exact test (Monte Carlo)"
    assert test.p == pytest.approx(EXACT, abs=0.01)


# All tables with these margins (6 and 9; 3, 5, 7), by their hypergeometric probabilities.
def _exact() -> float:
    from math import comb

    def weight(a: int, b: int, c: int) -> int:
        return comb(3, a) * comb(5, b) * comb(7, c)

    every = [weight(a, b, 6 - a - b) for a in range(4) for b in range(6) if 0 <= 6 - a - b <= 7]
    observed = weight(3, 1, 2)
    return sum(one for one in every if one <= observed) / sum(every)


EXACT = _exact()


def cohort() -> list[CohortRow]:
    rows = []
    for place in range(60):
        others = {
            "lnm": str(place % 2),
            "age": str(40 + place % 17),
            "figo": "IB" if place % 5 else "IIA",
            "note": f"text {place}",
            "size": "" if place == 3 else str(1 + place % 7),
            "original_glcm_Contrast": str(place),
        }
        for image in range(2):
            row = CohortRow(Path(f"{place}-{image}.png"), patient=f"sha256:{place:016x}", scanner="ge-logiq-7",
                            split="train" if place < 40 else "test", others={**others, "view": str(image)})  # fmt: skip
            rows.append(row)
    return rows


def test_the_table_counts_patients_by_split_and_tells_what_it_leaves_out() -> None:
    lines, notes = patients_table(cohort(), "lnm")
    heads = {line.split: (line.without, line.with_outcome) for line in lines if line.variable == "patients"}
    assert heads == {"all": ("30", "30"), "train": ("20", "20"), "test": ("10", "10")}
    shown = {line.variable for line in lines}
    assert shown == {"patients", "scanner", "age", "figo", "size"}
    assert "view left out: it differs between images of one patient" in notes
    assert any(note.startswith("note left out") for note in notes)
    size = next(line for line in lines if line.split == "all" and line.variable == "size")
    assert size.missing == 1
    figo = [line for line in lines if line.split == "all" and line.variable == "figo"]
    assert [line.category for line in figo] == ["IB", "IIA"]
    assert figo[0].test
    assert not figo[1].test
    assert figo[0].without == "24 (80.0 %)"


def test_chosen_variables_and_bad_ones() -> None:
    lines, _ = patients_table(cohort(), "lnm", ["age"])
    assert {line.variable for line in lines} == {"patients", "age"}
    with pytest.raises(UsageError, match="no column 'weight'; columns: scanner, lnm, age"):
        patients_table(cohort(), "lnm", ["weight"])
    with pytest.raises(UsageError, match="view cannot be shown: it differs"):
        patients_table(cohort(), "lnm", ["view"])
    with pytest.raises(UsageError, match="no outcome column 'metastasis'"):
        patients_table(cohort(), "metastasis")
