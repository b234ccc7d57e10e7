"""Reference figures of neuroCombat, an independent implementation of ComBat, on simulated features of three scanners.

python combat_reference.py ../data/reference    (neuroCombat 0.2.12, numpy 1.26.4; in an environment of its own)
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd

reference = import_module("neuroCombat.neuroCombat")
out = Path(sys.argv[1])
rng = np.random.default_rng(3)
scanner = np.repeat([0, 1, 2], [20, 12, 8])
values = rng.normal(size=(40, 25)) * np.exp(rng.normal(size=25)) + 10 * rng.normal(size=25)
values += np.array([[0.0], [1.5], [-2.0]])[scanner] * rng.normal(1, 0.5, 25)
values = np.round(values * np.array([[1.0], [1.6], [0.7]])[scanner], 6)
train = np.arange(40) % 4 != 0  # the others are harmonized by what was learned of these

# Its loop stops at a relative change of 1e-4; what it converges to is wanted.
reference.it_sol.__defaults__ = (1e-12,)
fitted = reference.neuroCombat(values[train].T, pd.DataFrame({"scanner": scanner[train]}), "scanner")
rest = reference.neuroCombatFromTraining(values[~train].T, scanner[~train].astype(str), fitted["estimates"])
harmonized = np.empty_like(values)
harmonized[train], harmonized[~train] = fitted["data"].T, rest["data"].T

columns = [f"x{place}" for place in range(values.shape[1])]
for name, table in (("combat_input", values), ("combat_output", harmonized)):
    frame = pd.DataFrame(table, columns=columns)
    frame.insert(0, "scanner", scanner)
    frame.insert(1, "train", train.astype(int))
    frame.to_csv(out / f"{name}.csv", index=False, float_format="%.12g")
