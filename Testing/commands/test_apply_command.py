"""``usharmonize apply`` as a person runs it: exit codes, restarts after kill -9, local processes, a Dask cluster."""

from __future__ import annotations

import csv
import json
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

SIZE = (64, 64)


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "USHarmonizationLib", *map(str, arguments)]


def run(*arguments: object, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), capture_output=True, text=True, timeout=timeout, check=False)


def start(*arguments: object) -> subprocess.Popen[str]:
    """Start a command as a terminal does: a shell's background job, as which tests may run, ignores Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        return subprocess.Popen(command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    finally:
        signal.signal(signal.SIGINT, before)


def tissue(path: Path, seed: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(30, 220, SIZE, dtype=np.uint8)).save(path)
    return path


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Twelve images and a reference beside them."""
    for seed in range(12):
        tissue(tmp_path / "study" / f"{seed % 3}" / f"{seed:02}.png", seed)
    tissue(tmp_path / "reference.png", 99)
    return tmp_path / "study"


def histogram(study: Path, out: Path) -> list[object]:
    """Arguments that harmonize ``study`` by histogram matching."""
    return ["apply", study, "--model", "histogram", "--reference", _reference(study), "--out", out]


def _reference(study: Path) -> Path:
    return next(folder / "reference.png" for folder in study.parents if (folder / "reference.png").is_file())


def results(out: Path) -> dict[str, bytes]:
    """Content of all that a person sees in an output folder."""
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and ".usharmonize" not in path.parts
    }


def table(out: Path) -> list[dict[str, str]]:
    with open(out / "apply.csv", encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def wait_for_results(out: Path, count: int, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    while len(list((out / ".usharmonize").rglob("[!.]*.json"))) < count:
        assert process.poll() is None, "it was done before it could be stopped"
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_folder_with_broken_files_is_done_but_for_those(study: Path, tmp_path: Path) -> None:
    (study / "broken.png").write_bytes(b"no picture")
    (study / "empty.dcm").touch()
    done = run(*histogram(study, tmp_path / "out"))
    assert done.returncode == 1, done.stderr
    assert "12 done, 2 failed" in done.stdout
    assert "broken.png" in done.stderr
    assert "empty.dcm: is empty" in done.stderr
    rows = table(tmp_path / "out")
    assert [row["status"] for row in rows].count("done") == 12
    assert all((tmp_path / "out" / row["output"]).is_file() for row in rows if row["status"] == "done")
    again = run(*histogram(study, tmp_path / "out"), "--json")
    assert again.returncode == 1
    answer = json.loads(again.stdout)
    assert (answer["done"], answer["done_before"], answer["failed"]) == (12, 12, 2)
    assert not again.stderr


def test_a_folder_named_like_a_method_is_no_bundle(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from USHarmonizationLib.cli import main

    (tmp_path / "histogram").mkdir()
    monkeypatch.chdir(tmp_path)
    assert main([str(one) for one in histogram(study / "0", tmp_path / "out")]) == 0


def test_processes_give_what_one_process_gives(study: Path, tmp_path: Path) -> None:
    one = run(*histogram(study, tmp_path / "one"), "--jobs", 1, "--pictures")
    two = run(*histogram(study, tmp_path / "two"), "--jobs", 2, "--pictures")
    assert (one.returncode, two.returncode) == (0, 0), one.stderr + two.stderr
    assert results(tmp_path / "one") == results(tmp_path / "two")
    assert (tmp_path / "one" / "pictures" / "0" / "00.png.png").is_file()


@pytest.mark.parametrize("jobs", [1, 2])
def test_killed_and_started_again_it_ends_as_if_nothing_had_been(study: Path, tmp_path: Path, jobs: int) -> None:
    whole, out = tmp_path / "whole", tmp_path / "out"
    assert run(*histogram(study, whole), "--jobs", 1).returncode == 0
    process = start(*histogram(study, out), "--jobs", jobs)
    wait_for_results(out, 3, process)
    process.kill()
    process.communicate()
    half_written = out / "0" / ".partial-left.png"
    half_written.touch()
    assert len(results(out)) < len(results(whole))
    for path, content in results(out).items():
        assert ".partial-" in path or results(whole)[path] == content
    again = run(*histogram(study, out), "--json")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["done_before"] >= 3
    assert results(out) == results(whole)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_it_stops_cleanly(study: Path, tmp_path: Path, number: int, code: int) -> None:
    out = tmp_path / "out"
    for copy in range(188):  # 200 in all: a quick machine must not be done before it can be stopped
        shutil.copy(study / "0" / "00.png", study / "0" / f"copy-{copy:03}.png")
    process = start(*histogram(study, out), "--jobs", 2)
    wait_for_results(out, 2, process)
    process.send_signal(number)
    _, said = process.communicate(timeout=30)
    assert process.returncode == code, said
    assert "usharmonize: " in said
    assert "Traceback" not in said
    status = [row["status"] for row in table(out)]
    assert len(status) == 200
    assert {"done", "not done"} == set(status)
    assert not list(out.rglob(".partial-*"))


def test_one_run_at_a_time(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = start(*histogram(study, out))
    try:
        wait_for_results(out, 1, process)
        process.send_signal(signal.SIGSTOP)
        second = run(*histogram(study, out))
    finally:
        process.kill()
        process.communicate()
        for half in out.rglob(".partial-*"):  # what a killed run leaves; the next one would clear it away
            half.unlink()
    assert second.returncode == 2
    assert second.stderr.startswith("usharmonize: another run is writing to ")


def test_a_cohort_goes_in_and_one_comes_out_that_goes_in_again(study: Path, tmp_path: Path) -> None:
    cohort = tmp_path / "cohort.csv"
    cohort.write_text(
        "\ufeffimage;patient;scanner;age\r\nstudy/0/00.png;P1;ge-logiq-5;51,5\r\nstudy/1/01.png;P2;;60\r\n",
        encoding="utf-8",
    )
    first = run(*histogram(tmp_path / "study", tmp_path / "out")[:1], cohort, *histogram(study, tmp_path / "out")[2:])
    assert first.returncode == 0, first.stderr
    again = [*histogram(study, tmp_path / "twice")[2:]]
    second = run("apply", tmp_path / "out" / "cohort.csv", *again)
    assert second.returncode == 0, second.stderr
    assert [row["scanner"] for row in table(tmp_path / "twice")] == ["ge-logiq-5", ""]
    text = (tmp_path / "twice" / "cohort.csv").read_text(encoding="utf-8")
    assert "51.5" in text
    assert "P1" not in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["apply"], "Missing argument"),
        (["apply", "{study}", "--out", "{out}"], "Missing option '--model'"),
        (["apply", "{study}", "--model", "histogram", "--out", "{out}"], "histogram needs --reference"),
        (["apply", "{study}", "--model", "no-such", "--out", "{out}"], "'no-such' is neither .* installed: "),
        (
            ["apply", "{study}/x", "--model", "fda", "--reference", "{study}", "--out", "{out}"],
            "x does not exist",
        ),
        (
            ["apply", "{study}", "--model", "fda", "--reference", "{study}", "--out", "{out}", "--jobs", "0"],
            "jobs is 0; needed: at least 1",
        ),
        (
            ["apply", "{study}", "--model", "fda", "--reference", "{study}", "--out", "{study}"],
            "is both input and output",
        ),
    ],
)
def test_wrong_usage_is_one_line_and_starts_nothing(
    study: Path, tmp_path: Path, arguments: Sequence[str], said: str
) -> None:
    given = [one.format(study=study, out=tmp_path / "out") for one in arguments]
    done = run(*given)
    assert done.returncode == 2
    assert re.search(said, done.stderr), done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("usharmonize: ")
    assert not list(tmp_path.glob("out/*.csv"))


@pytest.mark.slow
def test_a_thousand_images_three_of_them_broken(tmp_path: Path) -> None:
    study = tmp_path / "study"
    tissue(tmp_path / "reference.png", 0)
    for number in range(1000):
        tissue(study / f"{number:04}.png", number)
    broken = [study / f"{number:04}.png" for number in (7, 500, 999)]
    for path in broken:
        path.write_bytes(path.read_bytes()[:200])
    done = run(*histogram(study, tmp_path / "out"), timeout=300)
    assert done.returncode == 1, done.stderr
    assert "997 done, 3 failed" in done.stdout
    for path in broken:
        assert str(path) in done.stderr


def test_a_dask_cluster_does_it_though_a_worker_is_killed(study: Path, tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="needs the package distributed")
    assert run(*histogram(study, tmp_path / "here"), "--jobs", 1).returncode == 0
    out, file = tmp_path / "out", tmp_path / "scheduler.json"
    local = ["--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", str(file)]
    python = [sys.executable, "-m"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    scheduler = subprocess.Popen([*python, "distributed.cli.dask_scheduler", *local, "--port", "0"], **quiet)
    single = ["--no-nanny", "--nthreads", "1"]
    workers = [
        subprocess.Popen([*python, "distributed.cli.dask_worker", *local, *single], **quiet, cwd=tmp_path)
        for _ in range(2)
    ]
    try:
        deadline = time.monotonic() + 30
        while not (file.exists() and file.stat().st_size):
            assert time.monotonic() < deadline, "the scheduler did not start"
            time.sleep(0.05)
        address = json.loads(file.read_text(encoding="utf-8"))["address"]
        process = start(*histogram(study, out), "--scheduler", address)
        wait_for_results(out, 2, process)
        workers[0].kill()
        said = process.communicate(timeout=60)
        assert process.returncode == 0, said
    finally:
        for one in [*workers, scheduler]:
            one.kill()
            one.wait()
    assert results(out) == results(tmp_path / "here")
