"""The sentences at the head of a report: they never claim what no test shows."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from study_results import example_results

from USRadiomicsLNMLib.report.cells import PValue
from USRadiomicsLNMLib.report.limits import limits
from USRadiomicsLNMLib.report.methods_text import methods_text
from USRadiomicsLNMLib.report.tables import against_original
from USRadiomicsLNMLib.report.view import View
from USRadiomicsLNMLib.report.words import standing, summary
from USRadiomicsLNMLib.study.results import NESTED, TEST, TRAINED, Harmonized, StudyResults

RESULTS = example_results()


def with_tests(**changes: float) -> View:
    return View(replace(RESULTS, tests=tuple(replace(row, **changes) for row in RESULTS.tests)))


def test_an_outcome_that_is_no_lymph_node_metastasis_is_said_to_be_none() -> None:
    assert "The outcome is lymph node metastasis" in standing(View(RESULTS))[1]
    other = standing(View(replace(RESULTS, outcome="malignancy", title="Breast lesions")))
    assert "It is not lymph node metastasis" in other[1]
    assert "malignancy" in other[1]
    assert "Breast lesions" in other[1]
    assert all("Research use only" in lines[0] for lines in (other, standing(View(RESULTS))))
    named = replace(RESULTS, settings={**RESULTS.settings, "anatomy": "breast lesions"})
    assert "The images show: breast lesions." in standing(View(named))


@pytest.mark.parametrize("name", ["lnm", "LNM", "ln_metastasis", "lymph_node_metastasis", "lymphnodemeta"])
def test_names_of_the_outcome(name: str) -> None:
    assert View(replace(RESULTS, outcome=name)).is_lnm
    assert not View(replace(RESULTS, outcome="pathology")).is_lnm


def test_the_summary_is_three_sentences_with_intervals_of_the_held_out_patients() -> None:
    sentences = summary(View(RESULTS))
    assert len(sentences) == 3
    assert "the test split (42 patients, 14 with lnm = 1)" in sentences[0]
    assert "AUC of 0.710 (0.610 to 0.810)" in sentences[0]
    assert (
        "no difference is shown for FDA (−0.020, −0.120 to 0.080), Texture (ours) (0.070, −0.030 to 0.170)"
        in sentences[0]
    )
    assert "higher" not in sentences[0]
    assert "FRD" in sentences[2]


@given(st.floats(0, 1), st.floats(-0.3, 0.3).filter(lambda value: abs(value) > 1e-3))
def test_better_and_worse_are_only_said_of_adjusted_p_values_below_the_level(p: float, difference: float) -> None:
    first = summary(with_tests(p_holm=p, p=p / 3, difference=difference))[0]
    assert ("it was higher" in first) == (p < 0.05 and difference > 0)
    assert ("it was lower" in first) == (p < 0.05 and difference < 0)
    assert ("no difference is shown" in first) == (p >= 0.05)


def test_p_values_that_are_shown_of_differences_are_the_adjusted_ones() -> None:
    view = with_tests(p=0.011, p_holm=0.022, difference=0.1)
    first = summary(view)[0]
    assert "p = 0.022" in first
    assert "0.011" not in first
    lines = against_original(view).lines
    assert lines
    for line in lines:
        assert [cell.value for cell in line.cells if isinstance(cell, PValue)] == [0.011, 0.022]


def test_other_scanners_are_adjusted_for_the_number_of_comparisons() -> None:
    def second(p: float) -> str:
        rows = tuple(replace(row, p=p if row.method == "texture" else 0.9) for row in RESULTS.scanners)
        return summary(View(replace(RESULTS, scanners=rows)))[1]

    assert "it was higher" not in second(0.02)  # four comparisons
    assert "it was higher after Texture (ours) on" in second(0.01)
    assert "Bonferroni p = 0.040" in second(0.01)


def test_without_figures_nothing_is_said() -> None:
    bare = StudyResults("t", "ge-logiq-7", "lnm", {}, RESULTS.methods)
    assert summary(View(bare)) == []
    assert limits(View(bare))
    assert methods_text(View(bare))


def test_limits_follow_from_the_numbers() -> None:
    found = "\n".join(limits(View(RESULTS)))
    for words in (
        "Small numbers: 42 patients, 14 of the rarer class, in the test split",
        "were not harmonized: 5 training images; needed: at least 8",
        "Short trainings of 400 steps (the default is 20000): Texture (ours)",
        "Shape alone predicts lnm better (AUC 0.810)",
        "1 image could not be used (table 11)",
        "Simulated images; research use only.",
    ):
        assert words in found
    assert "No patients were held out" not in found
    assert "not to be trusted" not in found
    nested = replace(
        RESULTS,
        performance=tuple(row for row in RESULTS.performance if row.set != TEST),
        tests=tuple(row for row in RESULTS.tests if row.set != TEST),
    )
    assert View(nested).primary == NESTED
    assert "No patients were held out. Predictions of a cross-validation are not independent" in "\n".join(
        limits(View(nested))
    )


def test_a_harmonizer_below_the_content_floor_is_named() -> None:
    bad = Harmonized(
        "siemens-s2000",
        TRAINED,
        steps=20000,
        settings={"content_floor": 0.8},
        metrics={"validation": {"content_agreement": 0.612}},
        warned=0.4,
        patients_in_test=2,
    )
    methods = tuple(replace(one, scanners=(bad,)) if one.name == "fda" else one for one in RESULTS.methods)
    found = "\n".join(limits(View(replace(RESULTS, methods=methods))))
    assert "needed: 0.8), whose images are not to be trusted: FDA for" in found
    assert "(0.61)" in found
    assert "has learned from 2 patients of the test split" in found
    assert "FDA for" in found
    assert "(40%)" in found


def test_methods_have_the_settings_of_the_study() -> None:
    settings = {**RESULTS.settings, "fit": {"folds": 7, "level": 0.01, "seed": 3, "missing": "refuse"}}
    text = dict(methods_text(View(replace(RESULTS, settings=settings))))
    assert "60 patients, 20 of them with lnm = 1" in text["Cohort"]
    assert "p ≤ 0.01" in text["Models"]
    assert "cross-validation of 7 folds" in text["Models"]
    assert "Seed 3" in text["Models"]
    assert "median" not in text["Models"]
    assert "(400 steps, seed 0): Texture (ours)" in text["Harmonization"]
    whole = tuple(row for row in RESULTS.counts if row.split == "all")
    assert "no patients were held out" in dict(methods_text(View(replace(RESULTS, counts=whole))))["Cohort"]
