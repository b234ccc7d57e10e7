"""The public face of the module: what a script, the panel and the tests call. Each part stands in a file of its own.

Everything is called from the main thread. What takes long is done by a child process that the caller polls::

    process = logic.startExtraction(image, segmentation, segmentId).start()
    while not process.poll():
        ...
    table = logic.finishExtraction(process)
    score = logic.score("model.json", table)[0].score
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from USHarmonizationLogic import LogicError
from USHarmonizationLogic.scene import SceneLogic

from .modelling_logic import ModellingLogic

if TYPE_CHECKING:
    from USHarmonizationLogic.process import ChildProcess
    from USRadiomicsLNMLib.model import LnmModel

    from .meaning import Meaning
    from .scoring import Scored


class USRadiomicsLNMLogic(ModellingLogic, SceneLogic):
    """Radiomics of a lesion, its score of lymph node metastasis, and the models that give it.

    Args:
        scene: the MRML scene to work in; ``slicer.mrmlScene`` (whatever it is at the time of a call) unless given.

    Example:
        >>> logic = USRadiomicsLNMLogic()
        >>> table = logic.extract(image, segmentation, segmentId)
        >>> scored = logic.score("model.json", table)[0]
        >>> logic.meaning(scored).percent, scored.score.warnings
        ('34 %', ())
    """

    moduleName = "USRadiomicsLNM"

    def missingDependencies(self) -> list[Any]:
        """Python packages that the child processes need and that are not there.

        Example:
            >>> [one.name for one in logic.missingDependencies()]
            []
        """
        from USHarmonizationLogic.dependencies import missing

        return missing("radiomics")

    def installDependencies(self, confirm: Any = None, wheelFolder: Path | str | None = None) -> None:
        """Install what is missing, after asking once; nothing happens when nothing is.

        Args:
            confirm: asked with a text whether to install; None does not ask.
            wheelFolder: a folder with wheels to install from in place of the network.

        Raises:
            LogicError: one sentence: declined, or pip failed and why.

        Example:
            >>> logic.installDependencies(confirm=slicer.util.confirmOkCancelDisplay)
        """
        from USHarmonizationLogic.dependencies import install

        if self.missingDependencies():
            install("radiomics", confirm, wheelFolder)

    # Features of one lesion

    def volumes(self) -> list[Any]:
        """All grey and colour volumes of the scene; no label maps.

        Example:
            >>> [node.GetName() for node in logic.volumes()]
            ['US 1']
        """
        from .pairs import volumesOf

        return volumesOf(self.scene)

    def parameterFiles(self) -> tuple[str, ...]:
        """Names of the radiomics parameter files that ship, the default first.

        Example:
            >>> logic.parameterFiles()
            ('ultrasound-8bit', 'ibsi')
        """
        from USRadiomicsLNMLib.extraction.engine import DEFAULT, shipped_parameters

        return (DEFAULT, *(name for name in shipped_parameters() if name != DEFAULT))

    def otherOf(self, image: Any) -> Any:
        """The volume that ``image`` was made of by harmonization, or that was made of it; None when there is none.

        Example:
            >>> logic.otherOf(original).GetName()
            'US 1 (harmonized to GE LOGIQ 7)'
        """
        from .pairs import otherOf

        return otherOf(self.scene, image)

    def segmentationOf(self, image: Any) -> Any:
        """The segmentation that was drawn on a volume; None when it cannot be told.

        Example:
            >>> logic.segmentationOf(image).GetName()
            'Segmentation'
        """
        from .pairs import segmentationOf

        return segmentationOf(self.scene, image)

    def harmonizerOf(self, image: Any) -> str:
        """Name of the harmonizer that a volume went through, "" for none.

        Example:
            >>> logic.harmonizerOf(harmonized)
            'ge-logiq-5-to-ge-logiq-7'
        """
        from .pairs import harmonizerOf

        return harmonizerOf(image)

    def scannerOf(self, image: Any) -> str:
        """Id of the scanner that made a volume (the original of a harmonized one), "" when unknown.

        Example:
            >>> logic.scannerOf(image)
            'ge-logiq-5'
        """
        from .pairs import scannerOf

        return scannerOf(image)

    def startExtraction(
        self,
        image: Any,
        segmentation: Any,
        segmentId: str,
        parameters: str = "",
        scanner: str | None = None,
        other: Any = None,
        withoutGraphics: bool = False,
    ) -> ChildProcess:
        """A child process, to be started, that extracts the features of the lesion that a segment marks.

        Args:
            image: a scalar or RGB volume; of a cine its proxy volume, whose current frame is taken.
            segmentation, segmentId: of the lesion, in any geometry.
            parameters: a parameter file's path, or the name of one that ships; "" for the default.
            scanner: id of the scanner; None: what the volume says.
            other: a second volume of the same lesion, for before and after harmonization; the table gets two rows, the
                original first.
            withoutGraphics: leave burned-in graphics and colour out of the lesion.

        Raises:
            LogicError: one sentence that says what is missing or does not fit; nothing was started.

        Example:
            >>> process = logic.startExtraction(image, segmentation, segmentId, other=harmonized).start()
            >>> process.wait()
            'done'
        """
        from .extraction import extractionProcess
        from .lesion import imagePixels
        from .pairs import originalOf

        sources = self._sources(image, segmentation, segmentId, scanner, other)
        original = None
        if withoutGraphics and sources[0].harmonizer:
            made = originalOf(image)
            if made is None:
                raise LogicError(
                    "To leave graphics out of a harmonized image its original is needed, which is not in the scene."
                )
            original = imagePixels(made, "original")[sources[0].lesion.slice]
        return extractionProcess(sources, parameters, withoutGraphics, original)

    def finishExtraction(self, process: ChildProcess, table: Any = None) -> Any:
        """The table node with the features of a process that has ended.

        Args:
            process: of ``startExtraction``.
            table: a table node to fill anew; a new one unless given.

        Raises:
            LogicError: the extraction did not end well; the sentence says why.

        Example:
            >>> table = logic.finishExtraction(process)
            >>> table.GetTable().GetColumnByName("original_glcm_Contrast").GetValue(0)
            1.52
        """
        from .extraction import featuresNode

        try:
            return featuresNode(self.scene, process, table)
        finally:
            process.release()

    def extract(
        self,
        image: Any,
        segmentation: Any,
        segmentId: str,
        parameters: str = "",
        scanner: str | None = None,
        other: Any = None,
        withoutGraphics: bool = False,
        table: Any = None,
    ) -> Any:
        """The features of a lesion as a table node; waits for it (some seconds). For scripts.

        Example:
            >>> table = logic.extract(image, segmentation, segmentId)
            >>> slicer.util.saveNode(table, "features.tsv")
        """
        process = self.startExtraction(image, segmentation, segmentId, parameters, scanner, other, withoutGraphics)
        process.start().wait()
        return self.finishExtraction(process, table)

    def saveFeatures(self, table: Any, path: Path | str) -> None:
        """Write a table of features as the CSV that ``uslnm extract`` writes, for ``uslnm fit`` and others.

        Example:
            >>> logic.saveFeatures(table, "features.csv")
        """
        from .extraction import saveFeatures

        saveFeatures(table, Path(path))

    # Its score

    def loadModel(self, path: Path | str) -> LnmModel:
        """The LNM model of a file, checked.

        Example:
            >>> logic.loadModel("model.json").threshold
            0.28
        """
        from .scoring import loadModel

        return loadModel(path)

    def modelText(self, model: LnmModel) -> str:
        """What a model is, in a line: outcome, features, patients, and its most convincing AUC.

        Example:
            >>> logic.modelText(logic.loadModel("model.json"))
            'Lymph node metastases: 5 features, 170 patients, AUC 0.78 (0.70 to 0.86, cross-validated).'
        """
        from .meaning import modelText

        return modelText(model)

    def score(self, model: Path | str | LnmModel, table: Any) -> list[Scored]:
        """The score of each row of a features table node.

        Args:
            model: a model, or the path of one.
            table: of ``extract``, or any features table.

        Raises:
            LogicError: the model cannot be used, or a feature that it needs is missing.

        Example:
            >>> scored = logic.score("model.json", table)[0]
            >>> scored.score.probability, scored.score.positive
            (0.34, True)
        """
        from .scoring import loadModel, scoreTable

        return scoreTable(loadModel(model) if isinstance(model, (str, Path)) else model, table)

    def meaning(self, scored: Scored) -> Meaning:
        """A score in words.

        Example:
            >>> logic.meaning(scored).verdict
            "At or above the model's threshold of 28 %."
        """
        from .meaning import meaningOf

        return meaningOf(scored)

    def scoresText(self, scores: Sequence[Scored]) -> str:
        """Scores in words, for the clipboard.

        Example:
            >>> print(logic.scoresText(scores))
        """
        from .exports import scoresText

        return scoresText(scores)

    def saveScores(self, scores: Sequence[Scored], path: Path | str) -> None:
        """Write scores: ``.json`` as ``uslnm score FEATURES.csv`` writes them, ``.csv`` one row a score.

        Example:
            >>> logic.saveScores(scores, "score.csv")
        """
        from .exports import saveScores

        saveScores(scores, Path(path))

    def saveReport(
        self, scores: Sequence[Scored], path: Path | str, lesions: Sequence[Any] = (), case: str = ""
    ) -> None:
        """Write one page about a score: a self-contained HTML file for screen and paper. It names no patient.

        Args:
            scores: one or two (original, harmonized).
            path: ends in ``.html``.
            lesions: of ``lesions``, for the pictures, in the order of the scores.
            case: a pseudonym to print.

        Example:
            >>> logic.saveReport(scores, "report.html", logic.lesions(image, segmentation, segmentId))
        """
        from .picture import pictureOf
        from .report import reportHtml, saveReport

        saveReport(Path(path), reportHtml(scores, [pictureOf(lesion) for lesion in lesions], case))

    def lesions(self, image: Any, segmentation: Any, segmentId: str, other: Any = None) -> tuple[Any, ...]:
        """The lesion's pixels and mask in the image, and in the other of before and after, the original first.

        Example:
            >>> logic.lesions(image, segmentation, segmentId)[0].areaPixels
            5120
        """
        return tuple(source.lesion for source in self._sources(image, segmentation, segmentId, "", other))

    def plotContributions(self, scored: Scored) -> Any:
        """A chart node with a bar for what each feature adds to the radiomics score.

        Example:
            >>> logic.showChart(logic.plotContributions(scored))
        """
        from .modelling import barChart

        values = {part.feature: part.contribution for part in scored.score.contributions}
        return barChart(self.scene, f"LNM contributions ({scored.caption.lower()})", values, "log odds")

    def showChart(self, chart: Any) -> None:
        """Show a chart in the plot views of the scene; nothing happens where there are none.

        Example:
            >>> logic.showChart(chart)
        """
        from USHarmonizationLogic.plots import showChart

        showChart(self.scene, chart)

    def _sources(
        self, image: Any, segmentation: Any, segmentId: str, scanner: str | None, other: Any
    ) -> tuple[Any, ...]:
        """The image, and the other one of before and after, the original first."""
        from .lesion import lesionOf
        from .lesion_files import Source
        from .pairs import harmonizerOf

        images = [image] if other is None else sorted((image, other), key=lambda node: bool(harmonizerOf(node)))
        if len(images) == 2 and [bool(harmonizerOf(node)) for node in images] != [False, True]:
            raise LogicError("For before and after, choose an image and what it was harmonized to.")
        sources = []
        for node in images:
            harmonizer = harmonizerOf(node) if node is not None else ""
            called = "harmonized image" if harmonizer else "image"
            lesion = lesionOf(node, segmentation, segmentId, called)
            made = self.scannerOf(node) if scanner is None else scanner
            sources.append(Source("harmonized" if harmonizer else "original", lesion, harmonizer, made))
        return tuple(sources)
