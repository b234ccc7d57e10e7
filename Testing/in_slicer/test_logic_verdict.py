"""One sentence and a colour for what the checks found."""

from __future__ import annotations

import pytest

from USHarmonizationLib import qa
from USHarmonizationLogic.verdict import verdictOf

GOOD = {"warnings": "", "qa_structure": "0.99", "qa_target_distance_after": "0.8"}


def test_good():
    verdict = verdictOf(GOOD, "GE LOGIQ 7")
    assert verdict.colour == "good"
    assert verdict.sentence == (
        "Checks passed: no change of structures was found but in brightness and texture, and the result looks like "
        "images of GE LOGIQ 7."
    )
    assert verdict.figures == {"structure": 0.99, "target_distance_after": 0.8}
    with_lesion = verdictOf({**GOOD, "qa_lesion_change": "0.01"})
    assert with_lesion.sentence == (
        "Checks passed: no change of structures or lesion was found but in brightness and texture."
    )


@pytest.mark.parametrize("name", [name for name in dir(qa) if name.endswith("_TEXT")])
def test_every_warning_of_the_library(name):
    text = getattr(qa, name)
    verdict = verdictOf({**GOOD, "warnings": f"{text} (3 of 27 frames)"})
    assert verdict.colour == ("doubtful" if name in ("LIKE_TARGET_TEXT", "UNREACHED_TEXT") else "bad")
    assert verdict.warnings == (f"{text} (3 of 27 frames)",)
    assert text in verdict.sentence


def test_the_worst_is_said_first():
    warnings = f"scanner unknown (no DICOM), and x is for y; {qa.UNREACHED_TEXT}; {qa.LESION_TEXT}"
    verdict = verdictOf({**GOOD, "warnings": warnings})
    assert verdict.sentence == f"Do not use this result: {qa.LESION_TEXT} (2 more remarks)."
    assert len(verdict.warnings) == 3


def test_warnings_without_a_subject_get_one():
    assert "the image already looks like" in verdictOf({"warnings": qa.LIKE_TARGET_TEXT}).sentence
    assert "the image does not look like" in verdictOf({"warnings": qa.FOREIGN_TEXT}).sentence


def test_unchecked_is_not_good():
    assert verdictOf({"warnings": "", "qa_change": "0.1", "qa_structure": ""}).colour == "doubtful"
