"""How long a fit takes: 170 images x 474 features, nested ten-fold cross-validation, against what was promised (60 s).

Simulated features in correlated groups, as radiomics has them. ``--large`` measures 2,000 x 1,500 (15 min) as well.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

from USHarmonizationLib.cohort import CohortRow
from USRadiomicsLNMLib.features_table import FeatureTable
from USRadiomicsLNMLib.fit import fit_model
from USRadiomicsLNMLib.settings import FitSettings


def table(rows: int, columns: int) -> FeatureTable:
    """Features of 12 factors each of which stands behind many of them."""
    rng = np.random.default_rng(0)
    factors = rng.normal(size=(rows, 12))
    values = factors @ rng.normal(size=(12, columns)) + 0.5 * rng.normal(size=(rows, columns))
    event = factors[:, 0] + 1.5 * rng.normal(size=rows) > 0.7
    cases = tuple(
        CohortRow(Path(f"{row}.png"), patient=f"sha256:{row:016x}", others={"lnm": str(int(event[row]))})
        for row in range(rows)
    )
    return FeatureTable(cases, tuple(f"original_glcm_F{column}" for column in range(columns)), values)


def main() -> int:
    """Measure; 1 when slower than promised."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    sizes = [(170, 474, 60.0)] + [(2000, 1500, 900.0)] * arguments.large
    slow = False
    for rows, columns, promised in sizes:
        start = time.perf_counter()
        found = fit_model(table(rows, columns), FitSettings("lnm"), jobs=arguments.jobs)
        taken = time.perf_counter() - start
        auc = found.performance["nested"].auc.value
        print(
            f"{rows} x {columns}: {taken:.1f} s of {promised:.0f} s, {arguments.jobs} processes, nested AUC {auc:.3f}"
        )
        slow |= taken > promised
    return int(slow)


if __name__ == "__main__":
    sys.exit(main())
