"""Refinement of a landmark registration by the images' own brightness, kept only where the landmarks agree."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, UsageError
from ..files.medical import simpleitk
from .geometry import Geometry, Points
from .itk import from_itk, image_to_itk, to_itk
from .registration import Registration
from .transforms import LinearTransform, rms

KINDS = ("rigid", "similarity", "affine")
BINS = 32
# Coarse to fine: how many pixels become one, and the standard deviation in pixels of the smoothing before.
SHRINK, SMOOTH = (4, 2, 1), (2.0, 1.0, 0.5)
STEPS = 100
# The first step, in pixels of the fixed image: landmarks are never far off, and longer ones leap out of the optimum.
# Each time the direction turns, steps become half as long; the last is this share of the first.
STEP, LAST_STEP = 2.0, 0.01
# Fewer pixels in common tell nothing.
LEAST_PIXELS = 500


@dataclass(frozen=True)
class Refinement:
    """What refinement made of a registration.

    The landmarks took no part in it, so their error after it is one of targets, and is held against the error of
    landmarks left out before it; the residuals before it are smaller by nature.

    Attributes:
        transform: the refined one.
        metric_before, metric_after: mutual information of the overlap in nats (Mattes, 2001), higher is better.
        residual_before, residual_after: root mean square of all landmarks' residuals in mm.
        target_error_before: of the landmarks left out in turn, in mm.
        kept: whether it is to be used.
        why: one sentence for people.
    """

    transform: LinearTransform
    metric_before: float
    metric_after: float
    residual_before: float
    residual_after: float
    target_error_before: float | None
    kept: bool
    why: str


def refine(
    registration: Registration,
    fixed: NDArray[np.float32],
    moving: NDArray[np.float32],
    masks: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    where: tuple[Geometry, Geometry],
) -> Refinement:
    """Improve a registration so that the brightness of one image tells more of the other's.

    Mattes' mutual information, all pixels that are valid in both images, three levels, the same kind of transform,
    gradient descent with steps that get shorter; the same result each time.

    Args:
        registration: by landmarks.
        fixed, moving: (rows, columns) brightness in [0, 1].
        masks: valid tissue of the fixed and of the moving image.
        where: the fixed and the moving image lie.

    Raises:
        UsageError: its transform is a spline.
        InputError: the images have too little in common.
    """
    start = registration.transform
    if not isinstance(start, LinearTransform):
        raise UsageError(f"a {start.kind} transform cannot be refined; refined are {', '.join(KINDS)}")
    sitk = simpleitk()
    images = [image_to_itk(one.astype(np.float32), place) for one, place in zip((fixed, moving), where, strict=True)]
    initial = _centred(sitk, start, where[0], masks[0])
    try:
        with _one_thread(sitk):
            before = _measured(sitk, images, masks, where, start)
            method = _method(sitk, masks, where)
            method.SetInitialTransform(initial, True)
            method.Execute(*images)
            refined = from_itk(start.kind, initial)
            after = _measured(sitk, images, masks, where, refined)
    except RuntimeError as error:
        raise InputError(f"refinement is not possible: {str(error).strip().splitlines()[-1].strip()}") from error
    points = np.array([one.fixed for one in registration.landmarks])
    targets = np.array([one.moving for one in registration.landmarks])
    residual, left_out = _residual(refined, points, targets), registration.target_error
    kept, why = _judged(after > before, residual, left_out)
    return Refinement(refined, before, after, registration.fre, residual, left_out, kept, why)


def _judged(gained: bool, residual: float, left_out: float | None) -> tuple[bool, str]:
    if not gained:
        return False, "not used: the images agree no better than by the landmarks alone"
    if left_out is None:
        return False, "not used: too few landmarks to check it"
    if residual > left_out:
        return False, (
            f"not used: the images agree better, but the landmarks miss by {residual:.3f} mm, "
            f"more than those left out of the landmark registration ({left_out:.3f} mm)"
        )
    return True, (
        f"used: the images agree better, and the landmarks miss by {residual:.3f} mm, no more than those left out of "
        f"the landmark registration ({left_out:.3f} mm)"
    )


def _residual(transform: LinearTransform, fixed: Points, moving: Points) -> float:
    return rms(np.linalg.norm(transform(fixed) - moving, axis=1))


@contextmanager
def _one_thread(sitk: Any) -> Iterator[None]:
    """ITK with one thread, which adds in the same order each time; the setting is one of the whole process."""
    before = sitk.ProcessObject.GetGlobalDefaultNumberOfThreads()
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    try:
        yield
    finally:
        sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(before)


def _method(sitk: Any, masks: tuple[NDArray[np.bool_], NDArray[np.bool_]], where: tuple[Geometry, Geometry]) -> Any:
    fixed, moving = (image_to_itk(one.astype(np.uint8), place) for one, place in zip(masks, where, strict=True))
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(BINS)
    method.SetMetricSamplingStrategy(method.NONE)
    method.SetMetricFixedMask(fixed)
    method.SetMetricMovingMask(moving)
    method.SetInterpolator(sitk.sitkLinear)
    step = STEP * max(where[0].spacing)
    method.SetOptimizerAsRegularStepGradientDescent(step, LAST_STEP * step, STEPS, 0.5)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetShrinkFactorsPerLevel(SHRINK)
    method.SetSmoothingSigmasPerLevel(SMOOTH)
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOff()
    return method


def _centred(sitk: Any, start: LinearTransform, where: Geometry, mask: NDArray[np.bool_]) -> Any:
    """The transform with its centre amid the tissue, so that rotation and shift hardly depend on each other."""
    made = to_itk(start, where)
    rows, columns = np.nonzero(mask)
    if not rows.size:
        raise InputError("the fixed image shows no tissue; needed: two images that show the same")
    centre = where.to_mm(np.array([[columns.mean(), rows.mean()]]))[0]
    made.SetCenter(centre.tolist())
    made.SetTranslation((start(centre[None])[0] - centre).tolist())
    return made


def _measured(
    sitk: Any,
    images: list[Any],
    masks: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    where: tuple[Geometry, Geometry],
    transform: LinearTransform,
) -> float:
    """Mutual information at full resolution, in nats."""
    from .resampling import overlap

    if np.count_nonzero(overlap(*masks, where[1], where[0], transform)) < LEAST_PIXELS:
        raise InputError(f"the images have fewer than {LEAST_PIXELS} pixels of tissue in common")
    method = _method(sitk, masks, where)
    method.SetInitialTransform(to_itk(transform, where[0]))
    method.SetShrinkFactorsPerLevel((1,))
    method.SetSmoothingSigmasPerLevel((0.0,))
    return float(-method.MetricEvaluate(*images))
