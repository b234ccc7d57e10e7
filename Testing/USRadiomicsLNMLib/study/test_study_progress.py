"""Progress of a whole study."""

from __future__ import annotations

import io
import pickle
import re

import pytest

from USRadiomicsLNMLib.study.progress import (
    EXTRACTING,
    FITTING,
    FORESEEN,
    HARMONIZING,
    SECONDS,
    TRAINING,
    TRUSTED,
    StudyProgress,
)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def left(stages: dict[str, tuple[int, int, float]]) -> float:
    """Seconds left by the definition: of each stage what is left, what was worked on, and for how many seconds."""
    foreseen = sum(SECONDS[stage] * worked for stage, (_, worked, _) in stages.items())
    pace = (sum(seconds for _, _, seconds in stages.values()) + TRUSTED) / (foreseen + TRUSTED)
    return sum(
        count * (seconds + FORESEEN * SECONDS[stage] * pace) / (worked + FORESEEN)
        for stage, (count, worked, seconds) in stages.items()
    )


def test_time_left_counts_all_stages() -> None:
    clock = Clock()
    progress = StudyProgress({HARMONIZING: 10, EXTRACTING: 10}, None, clock)
    assert progress.seconds_left() == pytest.approx(10 * SECONDS[HARMONIZING] + 10 * SECONDS[EXTRACTING])
    clock.now = 2.0
    progress.advance(HARMONIZING, "x")
    clock.now = 3.0
    progress.advance(EXTRACTING, "x")
    assert progress.seconds_left() == pytest.approx(left({HARMONIZING: (9, 1, 2.0), EXTRACTING: (9, 1, 1.0)}))


def test_a_stage_that_was_timed_long_enough_goes_on_as_it_did() -> None:
    clock = Clock()
    progress = StudyProgress({HARMONIZING: 2000}, None, clock)
    for second in range(1, 1001):
        clock.now = float(second)
        progress.advance(HARMONIZING, "x")
    assert progress.seconds_left() == pytest.approx(1000, rel=0.01)


def test_what_was_done_before_says_nothing_about_time() -> None:
    clock = Clock()
    progress = StudyProgress({FITTING: 3}, None, clock)
    clock.now = 100.0
    progress.advance(FITTING, "x", reused=True)
    clock.now = 107.0
    progress.advance(FITTING, "x")
    assert progress.seconds_left() == pytest.approx(left({FITTING: (1, 1, 7.0)}))


def test_steps_of_a_training_that_goes_on_are_not_timed() -> None:
    clock = Clock()
    progress = StudyProgress({TRAINING: 100}, None, clock)
    progress.begin_training()
    clock.now = 1.0
    progress.progress("steps", 50, 100)  # an earlier run's
    clock.now = 4.0
    progress.progress("steps", 51, 100)
    assert progress.seconds_left() == pytest.approx(left({TRAINING: (49, 1, 3.0)}))


def test_lines_come_now_and_then() -> None:
    clock, stream = Clock(), io.StringIO()
    progress = StudyProgress({EXTRACTING: 100}, stream, clock)
    for second in range(1, 91):
        clock.now = float(second)
        progress.advance(EXTRACTING, "extracting (original)")
    lines = stream.getvalue().splitlines()
    assert [line.partition(";")[0] for line in lines] == [
        f"extracting (original): {done} of 100" for done in (30, 60, 90)
    ]
    assert all(re.fullmatch(r".*; about [0-9]+ s left in all", line) for line in lines)


def test_worker_processes_get_one_that_is_silent() -> None:
    progress = StudyProgress({TRAINING: 1}, io.StringIO())
    assert type(pickle.loads(pickle.dumps(progress))).__name__ == "Reporter"
