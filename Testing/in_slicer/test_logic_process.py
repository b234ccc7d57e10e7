"""A command line in a child process: what it says, how it ends, and that nothing of it is left."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from USHarmonizationLogic import LogicError
from USHarmonizationLogic.process import ChildProcess, JobProgress, childEnvironment, pythonCommand, temporaryFolder

posix = pytest.mark.skipif(os.name == "nt", reason="process groups are POSIX's")
PROGRESS = {"what": "harmonizing", "done": 1.5, "total": 4, "note": "1 failed", "seconds_left": 125.0}


def python(code: str, **others) -> ChildProcess:
    return ChildProcess(["-c", code], command=pythonCommand(), **others)


def isAlive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    # A zombie has ended; nobody has asked it how.
    return not (status.is_file() and status.read_text().rpartition(")")[2].split()[0] == "Z")


def waitFor(condition, seconds: float = 20.0) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


class TestEnds:
    def test_done(self):
        code = f"import sys; print({json.dumps(PROGRESS)!r}, file=sys.stderr); print('[1, 2]')"
        process = python(code).start()
        assert process.isRunning
        assert process.wait() == "done"
        assert (process.exitCode, process.answer, process.message) == (0, [1, 2], "")
        assert process.progress == JobProgress("harmonizing", 1.5, 4, "1 failed", 125.0)
        assert process.progress.share == 0.375
        assert process.progress.timeLeft == "about 2 min left"
        assert list(process.lines) == []
        assert process.poll()

    def test_failed_with_a_reason(self):
        code = "import sys; sys.stderr.write('first\\nusharmonize: no such file\\n'); sys.exit(2)"
        process = python(code).start()
        assert process.wait() == "failed"
        assert (process.exitCode, process.message, process.answer) == (2, "no such file", None)
        assert list(process.lines) == ["first", "usharmonize: no such file"]

    def test_failed_without_a_reason(self):
        process = python("import sys; sys.exit(3)").start()
        process.wait()
        assert process.message == "The process ended with code 3 and no reason."

    @posix
    def test_crashed(self):
        process = python("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)").start()
        assert process.wait() == "failed"
        assert process.message == "The process was ended from outside (SIGSEGV); perhaps memory ran out."

    def test_command_that_is_not_there(self, tmp_path):
        process = ChildProcess([], command=[str(tmp_path / "nothing")]).start()
        assert process.wait() == "failed"
        assert "nothing cannot be started" in process.message

    def test_missing_package(self):
        process = python("import a_package_that_is_not_there").start()
        process.wait()
        assert process.message.startswith("The Python package a_package_that_is_not_there is missing")

    def test_much_output_does_not_block(self):
        code = "import sys\nfor n in range(50000): print('x' * 60); print('line', n, file=sys.stderr)"
        process = python(code).start()
        longest = 0.0
        while True:
            begun = time.perf_counter()
            ended = process.poll()
            longest = max(longest, time.perf_counter() - begun)
            if ended:
                break
            time.sleep(0.05)
        assert process.state == "done"
        assert process.lines[-1] == "line 49999"
        assert longest < 1.0

    def test_started_once(self):
        process = python("").start()
        with pytest.raises(LogicError, match="started before"):
            process.start()
        process.wait()


@posix
class TestCancel:
    TREE = """
import signal, subprocess, sys, time
code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
child.stdout.readline()
open(sys.argv[1], "w").write(str(child.pid))
time.sleep(60)
"""

    def start(self, path: Path, grace: float) -> tuple[ChildProcess, int]:
        process = ChildProcess(["-c", self.TREE, path], command=pythonCommand(), grace=grace).start()
        assert waitFor(lambda: path.is_file() and path.read_text())
        return process, int(path.read_text())

    def test_kills_the_whole_tree(self, tmp_path):
        process, grandchild = self.start(tmp_path / "pid", 0.3)
        begun = time.perf_counter()
        process.cancel()
        assert time.perf_counter() - begun < 0.05
        assert isAlive(grandchild)
        assert process.wait(10) == "cancelled"
        assert process.message == "Cancelled."
        assert waitFor(lambda: not isAlive(grandchild))

    def test_kill_is_at_once(self, tmp_path):
        process, grandchild = self.start(tmp_path / "pid", 60.0)
        process.kill()
        assert process.wait(5) == "cancelled"
        assert waitFor(lambda: not isAlive(grandchild))

    def test_what_stops_in_order_is_not_killed(self, tmp_path):
        saved = tmp_path / "saved"
        code = f"""
import signal, sys, time
def stop(*_):
    time.sleep(0.3); open({str(saved)!r}, "w").write("saved"); sys.exit(143)
signal.signal(signal.SIGTERM, stop)
print("ready", file=sys.stderr, flush=True)
time.sleep(60)
"""
        process = python(code, grace=30.0).start()
        assert waitFor(lambda: process.poll() or process.lines)
        process.cancel()
        process.cancel()
        assert process.wait(20) == "cancelled"
        assert saved.read_text() == "saved"

    def test_when_the_application_ends_it_may_stop_in_order(self, tmp_path):
        ready, saved = tmp_path / "ready", tmp_path / "saved"
        child = f"""
import signal, sys, time
def stop(*_):
    time.sleep(0.3); open({str(saved)!r}, "w").write("saved"); sys.exit(143)
signal.signal(signal.SIGTERM, stop)
open({str(ready)!r}, "w").close()
time.sleep(60)
"""
        application = f"""
import pathlib, time
from USHarmonizationLogic.process import ChildProcess, pythonCommand
process = ChildProcess(["-c", {child!r}], command=pythonCommand()).start()
while not pathlib.Path({str(ready)!r}).exists():
    time.sleep(0.02)
"""
        subprocess.run([*pythonCommand(), "-c", application], env=childEnvironment(), timeout=60, check=True)
        assert saved.read_text() == "saved"

    def test_what_it_leaves_behind_is_stopped(self, tmp_path):
        path = tmp_path / "pid"
        code = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
open({str(path)!r}, "w").write(str(child.pid))
"""
        process = python(code).start()
        assert process.wait(20) == "done"
        assert waitFor(lambda: not isAlive(int(path.read_text())))

    def test_before_the_start(self):
        process = python("")
        process.cancel()
        assert process.state == "cancelled"
        assert process.poll()


class TestFolder:
    def test_removed_when_cancelled(self):
        folder = temporaryFolder()
        process = python("import time; time.sleep(60)", folder=folder).start()
        process.cancel()
        process.wait(10)
        assert not folder.exists()

    def test_kept_until_released(self):
        folder = temporaryFolder()
        process = python("", folder=folder).start()
        process.wait()
        assert folder.is_dir()
        process.release()
        process.release()
        assert not folder.exists()

    def test_removed_with_the_process(self):
        folder = temporaryFolder()
        process = python("", folder=folder)
        del process
        gc.collect()
        assert not folder.exists()

    def test_no_place_for_it(self, monkeypatch, tmp_path):
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
        with pytest.raises(LogicError, match="No temporary folder can be made"):
            temporaryFolder()


class TestCommandLine:
    def test_models(self):
        process = ChildProcess(["models", "--json"]).start()
        assert process.wait() == "done"
        assert "ge-logiq-5-to-ge-logiq-7" in [card["name"] for card in process.answer]

    def test_both_packages_are_found(self):
        process = ChildProcess(["--version"], "USRadiomicsLNMLib").start()
        assert process.wait() == "done", process.message

    def test_environment(self, monkeypatch):
        monkeypatch.setenv("PYTHONPATH", "elsewhere")
        environment = childEnvironment()
        folders = environment["PYTHONPATH"].split(os.pathsep)
        assert folders[-1] == "elsewhere"
        for name in ("USHarmonizationLib", "USRadiomicsLNMLib"):
            assert any((Path(folder) / name).is_dir() for folder in folders)
        assert environment["USHARMONIZATION_PROGRESS"] == "json"

    def test_slicers_python(self, monkeypatch, tmp_path):
        monkeypatch.setattr(sys, "executable", str(tmp_path / "SlicerApp-real"))
        monkeypatch.setattr("shutil.which", lambda name: None)
        with pytest.raises(LogicError, match="PythonSlicer was not found"):
            pythonCommand()
