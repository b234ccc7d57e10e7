"""Write the documentation of a study: README.md, figures as SVG, tables as CSV.

    python Tools/study_docs.py STUDY docs/study/NAME --title "..." --examples "licence and citation" --command "uslnm "
    "..."

STUDY is the folder that `uslnm study` was given. Example images are left out unless --examples says under which licence
they may be shown, and whom to cite.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from USHarmonizationLib.errors import HarmonizationError
from USRadiomicsLNMLib.report.documentation import write_documentation


def main(arguments: list[str] | None = None) -> int:
    """The command line; 0, or 2 where something is wrong with it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", type=Path, help="folder of the study")
    parser.add_argument("out", type=Path, help="folder to write to")
    parser.add_argument("--title", default="", help="of the README")
    parser.add_argument("--examples", default="", help="licence and citation of the example images")
    parser.add_argument("--command", default="", help="with which the study was made")
    given = parser.parse_args(arguments)
    try:
        print(write_documentation(given.study, given.out, given.title, given.examples, given.command))
    except HarmonizationError as error:
        print(f"study_docs: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
