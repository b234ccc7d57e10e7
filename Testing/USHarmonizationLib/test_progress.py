"""Progress: figures and time left by hand, on a terminal and in a log."""

from __future__ import annotations

import json
from io import StringIO

import pytest

from USHarmonizationLib.progress import Progress, duration


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.1, "1 s"), (40.4, "40 s"), (89, "89 s"), (90, "2 min"), (3600, "60 min"), (12000, "3 h 20 min")],
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_time_left_is_that_of_the_work_still_to_do() -> None:
    clock = Clock()
    progress = Progress("harmonizing", 10, None, clock)
    clock.now += 8
    progress.advance()
    progress.advance("1 failed")
    assert progress.line() == "harmonizing 2 of 10, 1 failed, about 32 s left"


def test_what_was_skipped_does_not_count_as_fast_work() -> None:
    clock = Clock()
    progress = Progress("harmonizing", 100, None, clock)
    for _ in range(90):
        progress.advance(skipped=True)
    assert progress.line() == "harmonizing 90 of 100"
    clock.now += 5
    progress.advance()
    assert progress.line() == "harmonizing 91 of 100, about 45 s left"


def test_a_terminal_has_one_line() -> None:
    stream, clock = Terminal(), Clock()
    with Progress("harmonizing", 3, stream, clock) as progress:
        for _ in range(3):
            clock.now += 1
            progress.advance()
    text = stream.getvalue()
    assert text.count("\n") == 1
    assert text.endswith("harmonizing 3 of 3, 3 s\x1b[K\n")
    assert text.count("\r") == 3


def test_a_log_gets_few_lines() -> None:
    stream, clock = StringIO(), Clock()
    with Progress("harmonizing", 1000, stream, clock) as progress:
        for _ in range(1000):
            clock.now += 0.1
            progress.advance()
    lines = stream.getvalue().splitlines()
    assert lines[-1] == "harmonizing 1000 of 1000, 2 min"
    assert len(lines) == 4  # after 30, 60 and 90 s, and at the end


def test_one_under_way_counts_for_the_time_left() -> None:
    clock = Clock()
    progress = Progress("harmonizing", 2, None, clock)
    clock.now += 5
    progress.partly(0.25)
    assert progress.line() == "harmonizing 0 of 2, 25% of the next, about 35 s left"
    progress.advance()
    assert progress.line() == "harmonizing 1 of 2, about 5 s left"


def test_a_program_gets_json_even_where_people_get_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("USHARMONIZATION_PROGRESS", "json")
    clock = Clock()
    with Progress("harmonizing", 4, None, clock) as progress:
        clock.now += 1
        progress.advance("1 failed")
        clock.now += 0.1  # too early for another report
        progress.partly(0.5)
        clock.now += 0.9
        progress.partly(1 / 3)
    written = capsys.readouterr()
    assert written.out == ""
    assert [json.loads(line) for line in written.err.splitlines()] == [
        {"what": "harmonizing", "done": 0, "total": 4, "note": "", "seconds_left": None},
        {"what": "harmonizing", "done": 1, "total": 4, "note": "1 failed", "seconds_left": 3.0},
        {"what": "harmonizing", "done": 1.3333, "total": 4, "note": "1 failed", "seconds_left": 4.0},
    ]
