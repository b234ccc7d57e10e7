"""The methods of ``USRadiomicsLNMLogic`` that fit and compare models."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from USHarmonizationLogic.process import ChildProcess

    from .modelling import ModelProcess, Results, TableFile


class ModellingLogic:
    """Fit and compare models on tables."""

    scene: Any

    def lookAtTable(self, path: Path | str) -> TableFile:
        """Whether a CSV is a features table or a cohort, and which of its columns may be the outcome.

        Example:
            >>> logic.lookAtTable("features.csv").outcomes
            ('lnm',)
        """
        from .modelling import lookAtTable

        return lookAtTable(path)

    def startCohortExtraction(
        self, cohort: Path | str, features: Path | str, parameters: str = "", withoutGraphics: bool = False
    ) -> ChildProcess:
        """A child process, to be started, that extracts the features of a cohort; it goes on where it was stopped.

        Example:
            >>> logic.startCohortExtraction("cohort.csv", "features.csv").start().wait()
            'done'
        """
        from .modelling import cohortProcess

        return cohortProcess(Path(cohort), Path(features), parameters, withoutGraphics)

    def startFit(
        self,
        table: Path | str,
        outcome: str,
        model: Path | str,
        combat: bool = False,
        folds: int = 10,
        seed: int = 0,
    ) -> ModelProcess:
        """A process, to be started, that fits a model: ``uslnm fit``.

        Args:
            table: a features table, or a cohort, whose features are extracted first.
            outcome: its column that is 1 for the event.
            model: the JSON file to write.
            combat: harmonize the features of the scanners, inside the folds.
            folds: of both cross-validations; seed: of their making.

        Example:
            >>> process = logic.startFit("features.csv", "lnm", "model.json").start()
            >>> process.wait()
            'done'
        """
        from .modelling import fitProcess

        return fitProcess(Path(table), outcome, Path(model), combat, folds, seed)

    def finishFit(self, process: ModelProcess) -> Results:
        """The figures of a fit that has ended, in table and chart nodes.

        Example:
            >>> logic.finishFit(process).summary[1]
            'Cross-validated: AUC 0.78 (95 % CI 0.70 to 0.86), 170 patients, 59 with the outcome.'
        """
        from .modelling import fitResults

        return fitResults(self.scene, process)

    def startCompare(
        self,
        before: Path | str,
        after: Path | str,
        outcome: str,
        folder: Path | str,
        combat: bool = False,
        folds: int = 10,
        seed: int = 0,
    ) -> ModelProcess:
        """A process, to be started, that compares models before and after harmonization: ``uslnm compare``.

        Example:
            >>> process = logic.startCompare("before.csv", "after.csv", "lnm", "comparison").start()
        """
        from .modelling import compareProcess

        return compareProcess(Path(before), Path(after), outcome, Path(folder), combat, folds, seed)

    def finishCompare(self, process: ModelProcess) -> Results:
        """The figures of a comparison that has ended: tables, and ROC, calibration and decision curves as chart nodes.

        Example:
            >>> [chart.GetName() for chart in logic.finishCompare(process).charts]
            ['LNM ROC', 'LNM calibration', 'LNM decision curve']
        """
        from .modelling import compareResults

        return compareResults(self.scene, process)
