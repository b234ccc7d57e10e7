"""Make the demonstration bundle: a harmonizer for learning the program on the simulated frames that ship.

    python Tools/make_demonstration_model.py WORK_FOLDER [--out BUNDLE]

Simulates patients of two scanners with all probes, trains, and writes the bundle, by default among those that ship.
About a quarter of an hour on one core; stopped, the same command goes on where it was.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "USHarmonization")]

from USHarmonizationLib.bundle import read_bundle, write_bundle  # noqa: E402
from USHarmonizationLib.cli.train import ConsoleReporter  # noqa: E402
from USHarmonizationLib.cohort import read_cohort, write_cohort  # noqa: E402
from USHarmonizationLib.simulation.cohort import CohortPlan, write_simulated_cohort  # noqa: E402
from USHarmonizationLib.simulation.settings import imaging  # noqa: E402
from USHarmonizationLib.training.trainer import train  # noqa: E402

SOURCE, TARGET = "ge-voluson-e8", "hitachi-preirus"
PROBES = ("endocavity", "linear", "convex")
PATIENTS, SEED, STEPS = 80, 11, 2000
SETTINGS = {"batch": 4, "crop": 96, "validate_every": 500, "validation_images": 36, "compile": "off", "seed": 0}
# Not "texture": nothing that looks for models of real scanners may take this one.
VARIANT = "texture-simulated"
SHIPPED = ROOT / "USHarmonization" / "Resources" / "Models" / f"{SOURCE}-to-{TARGET}"
INTENDED_USE = (
    "For learning the program only. Trained on simulated images whose scanner settings are plausible, not measured "
    "from the devices: it fits no image of a real scanner. Not a medical device, not for diagnosis or treatment."
)


def simulate(work: Path) -> Path:
    """The cohort of all probes; names of its patients are used nowhere else."""
    rows = []
    for probe in PROBES:
        ways = tuple(imaging(scanner, probe) for scanner in (SOURCE, TARGET))
        plan = CohortPlan(ways, patients=PATIENTS, seed=SEED, format="png")
        table = write_simulated_cohort(plan, work / probe)
        rows += [replace(row, patient=f"demonstration-{probe}-{row.patient}") for row in read_cohort(table)]
    write_cohort(work / "cohort.csv", rows)
    return work / "cohort.csv"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--out", type=Path, default=SHIPPED)
    given = parser.parse_args()
    work = given.work.absolute()
    work.mkdir(parents=True, exist_ok=True)
    trained, cohort = work / "bundle", simulate(work)
    settings = {**SETTINGS, "steps": STEPS}
    train(cohort, SOURCE, TARGET, trained, "texture", settings, True, "cpu", ConsoleReporter())
    bundle = read_bundle(trained)
    write_bundle(
        given.out,
        source=SOURCE,
        target=TARGET,
        variant=VARIANT,
        networks={role: (entry.settings, bundle.weights(role)) for role, entry in bundle.networks.items()},
        intensity_range=bundle.intensity_range,
        training=bundle.training,
        training_patients=bundle.training_patients,
        metrics=bundle.metrics,
        domain=bundle.domain,
        checks=bundle.checks,
        licence="MIT",
        intended_use=INTENDED_USE,
        citation="Trained on images simulated by usharmonize; no patient is in them.",
    )


if __name__ == "__main__":
    main()
