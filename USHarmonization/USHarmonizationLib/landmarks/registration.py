"""Registration by landmarks, and how far it can be trusted; what cannot work is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import InputError, UsageError
from .geometry import Geometry, Points
from .transforms import KINDS, LEAST, Fitted, fit, rms

# Points whose spread across their main direction is a smaller share of that along it lie on a line.
LEAST_BREADTH = 0.02
# Points that are closer together than this share of their spread are one.
LEAST_DISTANCE = 1e-3
# Another order (or a mirror image) is proposed where the given one misses by more than this share of the landmarks'
# spread, and the other one by less than a third of that.
MISSED = 0.1
BETTER = 1 / 3


class WrongOrderError(InputError):
    """The landmarks do not fit in the order in which they are given, but in another one.

    Attributes:
        order: for each fixed landmark the place of the moving one, in what was given, that fits.
    """

    def __init__(self, message: str, order: Sequence[int]) -> None:
        super().__init__(message)
        self.order = tuple(order)

    def __reduce__(self) -> tuple[type[WrongOrderError], tuple[str, tuple[int, ...]]]:
        return WrongOrderError, (str(self), self.order)


@dataclass(frozen=True)
class Landmark:
    """One pair of landmarks and how well it is met.

    Attributes:
        label: the fixed landmark's name.
        moving_label: the moving one's, where it differs.
        fixed, moving: x, y in mm.
        mapped: where the transform takes the fixed landmark, in the moving image.
        left_out: where the transform that was fitted without this pair takes it; None where the others do not suffice.
    """

    label: str
    moving_label: str
    fixed: tuple[float, float]
    moving: tuple[float, float]
    mapped: tuple[float, float]
    left_out: tuple[float, float] | None

    @property
    def residual(self) -> float:
        """Distance in mm from where the transform takes the fixed landmark to the moving one."""
        return float(np.hypot(self.mapped[0] - self.moving[0], self.mapped[1] - self.moving[1]))

    @property
    def target_error(self) -> float | None:
        """The same of the transform that was fitted without this pair."""
        if self.left_out is None:
            return None
        return float(np.hypot(self.left_out[0] - self.moving[0], self.left_out[1] - self.moving[1]))


@dataclass(frozen=True)
class Registration:
    """A transform from the fixed to the moving image, and its errors, in mm of the moving image.

    Attributes:
        transform: see ``transforms``.
        landmarks: in the order of the fixed ones.
        matched_by: ``label`` or ``order``.
    """

    transform: Fitted
    landmarks: tuple[Landmark, ...]
    matched_by: str

    @property
    def fre(self) -> float:
        """Fiducial registration error: root mean square of the residuals (Fitzpatrick, IEEE TMI 1998, equation 2).

        It says how well the landmarks fit each other, not how exact the registration is: with a thin-plate spline it is
        always 0.
        """
        return rms(np.array([one.residual for one in self.landmarks]))

    @property
    def target_error(self) -> float | None:
        """Target registration error: root mean square over the landmarks, each left out in turn; None without any."""
        errors = [one.target_error for one in self.landmarks if one.target_error is not None]
        return rms(np.array(errors)) if errors else None


def register(
    kind: str, fixed: Points, moving: Points, labels: Sequence[str], moving_labels: Sequence[str] | None = None
) -> Registration:
    """Fit a transform to pairs of landmarks and measure its errors.

    Args:
        kind: one of ``transforms.KINDS``.
        fixed, moving: (landmarks, 2) x, y in mm.
        labels, moving_labels: their names. Where both images have the same names they are matched by these, where they
            have none in common, or the same ones in the same order, by their order.

    Raises:
        UsageError: there is no such transform.
        WrongOrderError: another order fits far better; the error names it.
        InputError: too few landmarks, different numbers or names, some in one place, all on a line, not finite; or
            a mirror image fits far better.
    """
    if kind not in KINDS:
        raise UsageError(f"unknown transform {kind!r}; known: {', '.join(KINDS)}")
    moving_labels = labels if moving_labels is None else moving_labels
    names = [label or f"number {place}" for place, label in enumerate(labels, start=1)]
    order, matched_by = _matched(labels, moving_labels)
    moving, others = moving[order], [moving_labels[place] for place in order]
    for image, points in (("fixed", fixed), ("moving", moving)):
        _check_points(kind, image, points, names)
    _check_order(fixed, moving, names, [other or name for other, name in zip(others, names, strict=True)], order)
    transform = fit(kind, fixed, moving)
    if np.linalg.det(transform.linear.matrix) <= 0:
        raise InputError("the landmarks fit a mirror image; flip one of the images, or check which landmark is which")
    mapped = transform(fixed)
    landmarks = []
    for place, label in enumerate(labels):
        without = np.delete(np.arange(len(fixed)), place)
        left_out = _left_out(kind, fixed[without], moving[without], fixed[place])
        other = others[place] if others[place] != label else ""
        landmarks.append(
            Landmark(label, other, _pair(fixed[place]), _pair(moving[place]), _pair(mapped[place]), left_out)
        )
    return Registration(transform, tuple(landmarks), matched_by)


def check_inside(points: Points, labels: Sequence[str], where: Geometry, image: str) -> None:
    """Refuse landmarks beside the image, by name.

    Raises:
        InputError: names them, and the image.
    """
    outside = [
        label or f"number {place}"
        for place, (label, inside) in enumerate(zip(labels, where.contains(points), strict=True), start=1)
        if not inside
    ]
    if outside:
        rows, columns = where.size
        raise InputError(
            f"{image}: landmarks outside the image of {columns} x {rows} pixels: {', '.join(outside)}; "
            "do they belong to this image, in its own coordinates (LPS, mm)?"
        )


def _matched(labels: Sequence[str], moving_labels: Sequence[str]) -> tuple[list[int], str]:
    """Which moving landmark belongs to each fixed one, and by what it is told."""
    ours, theirs = set(labels), set(moving_labels)
    if len(labels) != len(moving_labels):
        alone = ", ".join(sorted(filter(None, ours ^ theirs)))
        raise InputError(
            f"{len(labels)} fixed and {len(moving_labels)} moving landmarks; needed: as many"
            + (f" (in one image only: {alone})" if alone else "")
        )
    named = len(ours) == len(labels) and len(theirs) == len(moving_labels) and "" not in ours | theirs
    if named and ours == theirs:
        return [list(moving_labels).index(label) for label in labels], "label"
    shared = (ours & theirs) - {""}
    if shared and not named and list(labels) != list(moving_labels):
        found = [name for name in shared if max(list(side).count(name) for side in (labels, moving_labels)) > 1]
        raise InputError(
            (f"several landmarks of one image are named {min(found)}" if found else "some landmarks have no name")
            + "; needed: a name of its own for each, or the same names in the same order in both images"
        )
    if shared and ours != theirs:
        raise InputError(
            f"landmarks without a partner of the same name: fixed {', '.join(sorted(ours - theirs))}; "
            f"moving {', '.join(sorted(theirs - ours))}; needed: the same names in both, or none in common"
        )
    return list(range(len(labels))), "order"


def _check_points(kind: str, image: str, points: Points, names: Sequence[str]) -> None:
    if len(points) < LEAST[kind]:
        raise InputError(f"{len(points)} landmarks; transform {kind} needs at least {LEAST[kind]}")
    if not np.isfinite(points).all():
        raise InputError(f"{image} landmarks have positions that are not finite")
    spread = rms(np.linalg.norm(points - points.mean(axis=0), axis=1))
    distances = np.linalg.norm(points[:, None] - points, axis=2) + np.where(np.eye(len(points)), np.inf, 0.0)
    first, second = np.unravel_index(distances.argmin(), distances.shape)
    if distances.min() <= LEAST_DISTANCE * spread:
        raise InputError(f"{image} landmarks {names[first]} and {names[second]} lie in one place")
    along, across = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
    if across < LEAST_BREADTH * along:
        raise InputError(f"the {image} landmarks lie on a line; needed: one at least beside it")


def _check_order(
    fixed: Points, moving: Points, names: Sequence[str], others: Sequence[str], places: Sequence[int]
) -> None:
    """Refuse an order of landmarks when another one fits far better.

    Args:
        fixed, moving, names, others: positions and names, matched.
        places: where each moving landmark stood in what was given.
    """
    spread = rms(np.linalg.norm(moving - moving.mean(axis=0), axis=1))
    given = _misfit(fixed, moving)
    if given <= MISSED * spread:
        return
    mirror = np.array([-1.0, 1.0])
    best, order = _best_order(fixed, moving)
    mirrored, mirrored_order = _best_order(fixed * mirror, moving)
    if mirrored <= given * BETTER and mirrored < best and mirrored_order == list(range(len(fixed))):
        raise InputError(
            f"the landmarks fit a mirror image only ({mirrored:.2f} mm; as they are they miss by {given:.2f} mm): "
            "flip one image"
        )
    if best <= given * BETTER:
        pairs = ", ".join(f"{name} = {others[place]}" for name, place in zip(names, order, strict=True))
        raise WrongOrderError(
            f"the landmarks do not fit in the given order (they miss by {given:.2f} mm); this order fits "
            f"({best:.2f} mm), fixed = moving: {pairs}",
            [places[place] for place in order],
        )


def _misfit(fixed: Points, moving: Points) -> float:
    """What a similarity transform misses by; it judges the order for all kinds, for others fit nearly any order."""
    return rms(np.linalg.norm(fit("similarity", fixed, moving)(fixed) - moving, axis=1))


def _best_order(fixed: Points, moving: Points) -> tuple[float, list[int]]:
    """The order of the moving landmarks that fits best: each pair of them is tried for the two outermost fixed ones."""
    from scipy.optimize import linear_sum_assignment

    distances = np.linalg.norm(fixed[:, None] - fixed, axis=2)
    first, second = np.unravel_index(distances.argmax(), distances.shape)
    # As complex numbers a similarity transform is one multiplication and one addition.
    ours, theirs = fixed @ np.array([1, 1j]), moving @ np.array([1, 1j])
    best, order = np.inf, list(range(len(fixed)))
    for i, start in enumerate(theirs):
        for j, end in enumerate(theirs):
            if i == j:
                continue
            factor = (end - start) / (ours[second] - ours[first])
            mapped = start + factor * (ours - ours[first])
            places = linear_sum_assignment(np.abs(mapped[:, None] - theirs) ** 2)[1]
            missed = _misfit(fixed, moving[places])
            if missed < best:
                best, order = missed, places.tolist()
    return best, order


def _left_out(kind: str, fixed: Points, moving: Points, point: Points) -> tuple[float, float] | None:
    if len(fixed) < (2 if kind in ("rigid", "similarity") else 3):
        return None
    along, across = np.linalg.svd(fixed - fixed.mean(axis=0), compute_uv=False)
    if kind in ("affine", "tps") and across < LEAST_BREADTH * along:
        return None
    return _pair(fit(kind, fixed, moving)(point[None])[0])


def _pair(point: Points) -> tuple[float, float]:
    x, y = point.tolist()
    return x, y
