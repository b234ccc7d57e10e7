"""Progress of a whole study."""

from __future__ import annotations

import io
import pickle

import pytest

from USRadiomicsLNMLib.study.progress import EXTRACTING, FITTING, HARMONIZING, SECONDS, TRAINING, StudyProgress


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_time_left_counts_all_stages() -> None:
    clock = Clock()
    progress = StudyProgress({HARMONIZING: 10, EXTRACTING: 10}, None, clock)
    clock.now = 2.0
    progress.advance(HARMONIZING, "x")
    # Harmonizing takes 2 s each; extraction, not timed yet, is taken to be as much slower than foreseen.
    expected = 9 * 2.0 + 10 * SECONDS[EXTRACTING] * 2.0 / SECONDS[HARMONIZING]
    assert progress.seconds_left() == pytest.approx(expected)
    clock.now = 3.0
    progress.advance(EXTRACTING, "x")
    assert progress.seconds_left() == pytest.approx(9 * 2.0 + 9 * 1.0)


def test_what_was_done_before_says_nothing_about_time() -> None:
    clock = Clock()
    progress = StudyProgress({FITTING: 3}, None, clock)
    progress.advance(FITTING, "x", reused=True)
    clock.now = 7.0
    progress.advance(FITTING, "x")
    assert progress.seconds_left() == pytest.approx(7.0)


def test_steps_of_a_training_that_goes_on_are_not_timed() -> None:
    clock = Clock()
    progress = StudyProgress({TRAINING: 100}, None, clock)
    progress.begin_training()
    clock.now = 1.0
    progress.progress("steps", 50, 100)  # an earlier run's
    clock.now = 4.0
    progress.progress("steps", 51, 100)
    assert progress.seconds_left() == pytest.approx(49 * 3.0)


def test_lines_come_now_and_then() -> None:
    clock, stream = Clock(), io.StringIO()
    progress = StudyProgress({EXTRACTING: 100}, stream, clock)
    for second in range(1, 91):
        clock.now = float(second)
        progress.advance(EXTRACTING, "extracting (original)")
    assert stream.getvalue().splitlines() == [
        "extracting (original): 30 of 100; about 70 s left in all",
        "extracting (original): 60 of 100; about 40 s left in all",
        "extracting (original): 90 of 100; about 10 s left in all",
    ]


def test_worker_processes_get_one_that_is_silent() -> None:
    progress = StudyProgress({TRAINING: 1}, io.StringIO())
    assert type(pickle.loads(pickle.dumps(progress))).__name__ == "Reporter"
