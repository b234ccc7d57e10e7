"""``uslnm`` inside Slicer: ``Slicer --no-main-window --python-script uslnm.py -- ...``; see ``command``."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
# The folder of the package, in place of the package: its modules are none that others may import by their bare names.
sys.path[:] = [str(HERE.parent), *(place for place in sys.path if Path(place).resolve() != HERE)]

if __name__ == "__main__":
    from USHarmonizationLogic.command import leave

    leave("uslnm")
