"""Write the lists of files in the modules' CMakeLists.txt, from the files that are there.

    python Tools/cmake_lists.py            write them anew
    python Tools/cmake_lists.py --check    say what is wrong, exit code 1 if anything is

A file that is not listed works in a checkout but is missing in the package that users install.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULES = ("USHarmonization", "USRadiomicsLNM")
BEGIN, END = "  # begin {}, written by Tools/cmake_lists.py\n", "  # end {}\n"
# Not for users: tests, and what Python and desktops leave behind.
LEFT_OUT = {"Testing", "__pycache__"}


def packaged_files(module: Path) -> tuple[list[str], list[str]]:
    """Scripts and resources that a module's package must hold, as CMake lists them: relative, sorted, with slashes."""
    scripts, resources = [], []
    for path in sorted(module.rglob("*")):
        inside = path.relative_to(module)
        hidden = any(part.startswith(".") or part in LEFT_OUT for part in inside.parts)
        if path.is_file() and not hidden and inside.name != "CMakeLists.txt":
            (scripts if path.suffix == ".py" else resources).append(inside.as_posix())
    return scripts, resources


def with_lists(text: str, scripts: Iterable[str], resources: Iterable[str]) -> str:
    """The CMake text with both lists in place of what stands between their marks.

    Raises:
        ValueError: a mark is missing.
    """
    for name, files in (("scripts", scripts), ("resources", resources)):
        head, begin, rest = text.partition(BEGIN.format(name))
        _, end, tail = rest.partition(END.format(name))
        if not begin or not end:
            raise ValueError(
                f"no marks of the {name} list: {BEGIN.format(name).strip()} ... {END.format(name).strip()}"
            )
        text = head + begin + "".join(f"  {file}\n" for file in files) + end + tail
    return text


def main(arguments: list[str] | None = None) -> int:
    """The command line; 0, or 1 where a list is not as it should be (``--check``)."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing")
    given = parser.parse_args(arguments)
    wrong = 0
    for module in MODULES:
        path = ROOT / module / "CMakeLists.txt"
        text = path.read_text(encoding="utf-8")
        wanted = with_lists(text, *packaged_files(ROOT / module))
        if wanted == text:
            continue
        if not given.check:
            path.write_text(wanted, encoding="utf-8", newline="\n")
            continue
        wrong = 1
        for line in sorted(set(wanted.splitlines()) - set(text.splitlines())):
            print(f"{module}/CMakeLists.txt lacks {line.strip()}")
        for line in sorted(set(text.splitlines()) - set(wanted.splitlines())):
            print(f"{module}/CMakeLists.txt lists {line.strip()}, which is not there")
    if wrong:
        print("run: python Tools/cmake_lists.py")
    return wrong


if __name__ == "__main__":
    sys.exit(main())
