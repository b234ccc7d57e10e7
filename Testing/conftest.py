"""Fixtures of all tests: real data outside the repository, seeds, and a guard against half-written files."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

# The same examples each time, however busy the machine is.
settings.register_profile("tests", derandomize=True, deadline=None)
settings.load_profile("tests")

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of this checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder with the real data sets, which are not part of the repository (busbra, plus_phantoms, ...)."""
    named = os.environ.get("USHARMONIZATION_DATA")
    folder = Path(named) if named else REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"needs the real data sets: no folder {folder}; name theirs in USHARMONIZATION_DATA")
    return folder


@pytest.fixture(autouse=True)
def _same_random_numbers_each_time() -> None:
    """Each test starts from the same global random state; code under test takes seeds, tests may use the global one."""
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002 - the global state is what is pinned here


@pytest.fixture(autouse=True)
def _no_partial_files_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test that leaves a half-written file in its ``tmp_path`` fails."""
    folder: Path | None = request.getfixturevalue("tmp_path") if "tmp_path" in request.fixturenames else None
    yield
    if folder is not None:
        left = sorted(str(path.relative_to(folder)) for path in folder.rglob(".partial-*"))
        assert not left, f"half-written files left behind: {left}"
