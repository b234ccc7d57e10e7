"""The public face of the module: what a script, the panel and the tests call. Each part stands in a file of its own.

Everything is called from the main thread. What takes long is done by a child process that the caller polls::

    logic = USHarmonizationLogic()
    process = logic.startHarmonize(volume, "ge-logiq-5-to-ge-logiq-7")
    while not process.poll():
        ...
    result = logic.finishHarmonize(process)
"""

from __future__ import annotations

from .batch import BatchLogic
from .detection import DetectionLogic
from .evaluation import EvaluationLogic
from .harmonize import HarmonizeLogic
from .layout import LayoutLogic
from .models import ModelsLogic
from .pairing import PairingLogic
from .scene import SceneLogic
from .training import TrainingLogic


# Each base has the public methods of one concept; the scene is the only state.
class USHarmonizationLogic(
    DetectionLogic,
    ModelsLogic,
    HarmonizeLogic,
    BatchLogic,
    TrainingLogic,
    LayoutLogic,
    PairingLogic,
    EvaluationLogic,
    SceneLogic,
):
    """Harmonize ultrasound volumes, alone and many, and train harmonizers.

    Args:
        scene: the MRML scene to work in; ``slicer.mrmlScene`` (whatever it is at the time of a call) unless given.

    Example:
        >>> logic = USHarmonizationLogic()
        >>> logic.detectScanner(volume).scannerName
        'GE LOGIQ 5'
        >>> result = logic.harmonize(volume, "ge-logiq-5-to-ge-logiq-7")
        >>> result.outputVolume.GetName(), result.colour
        ('US 1 (harmonized to GE LOGIQ 7)', 'good')
    """

    moduleName = "USHarmonization"
