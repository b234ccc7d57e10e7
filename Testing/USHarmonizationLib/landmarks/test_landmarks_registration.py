"""Errors of landmarks, worked by hand; and what is refused: too few, on a line, swapped, mirrored, outside."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from USHarmonizationLib.errors import InputError, UsageError
from USHarmonizationLib.landmarks.geometry import Geometry
from USHarmonizationLib.landmarks.registration import WrongOrderError, check_inside, register
from USHarmonizationLib.landmarks.transforms import fit

Points = NDArray[np.float64]
SQUARE = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0]])
# No similarity brings these onto each other in another order.
UNLIKE = np.array([[0.0, 0.0], [40.0, 3.0], [31.0, 22.0], [8.0, 17.0], [20.0, 9.0]])
NAMES = ("a", "b", "c", "d", "e")


def turned(points: Points, angle: float = 0.4) -> Points:
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return points @ matrix.T + [5.0, -3.0]


def test_a_case_worked_by_hand() -> None:
    # Two opposite corners 1 mm outwards along the diagonal, two as much inwards: neither shifted nor turned.
    outwards = (SQUARE - 5) / np.linalg.norm(SQUARE - 5, axis=1)[:, None]
    moving = SQUARE + outwards * np.array([1, -1, 1, -1])[:, None]
    found = register("rigid", SQUARE, moving, NAMES[:4])
    assert found.transform.linear.matrix == pytest.approx(np.eye(2), abs=1e-12)
    assert [one.residual for one in found.landmarks] == pytest.approx([1.0] * 4)
    assert found.fre == pytest.approx(1.0)


@given(st.sampled_from(["rigid", "similarity", "affine", "tps"]), st.integers(5, 12), st.integers(0, 2**32 - 1))
def test_exact_landmarks_have_no_error(kind: str, count: int, seed: int) -> None:
    fixed = np.random.default_rng(seed).uniform(0, 60, (count, 2))
    found = register(kind, fixed, turned(fixed), [str(place) for place in range(count)])
    assert found.fre == pytest.approx(0, abs=1e-8)
    assert found.target_error == pytest.approx(0, abs=1e-6)


def test_a_landmark_left_out_does_not_help_itself() -> None:
    moving = turned(UNLIKE)
    moving[4] += [3.0, 4.0]  # 5 mm off
    found = register("affine", UNLIKE, moving, NAMES)
    assert found.landmarks[4].target_error == pytest.approx(5.0)
    assert found.landmarks[4].residual < 5.0
    without = fit("affine", UNLIKE[1:], moving[1:])
    assert found.landmarks[0].left_out == pytest.approx(without(UNLIKE[:1])[0])
    errors = [one.target_error for one in found.landmarks]
    assert found.target_error == pytest.approx(np.sqrt(np.mean(np.square(np.array(errors, dtype=float)))))
    assert found.target_error > found.fre


def test_a_spline_has_no_residuals_but_errors() -> None:
    moving = turned(UNLIKE)
    moving[4] += [3.0, 4.0]
    found = register("tps", UNLIKE, moving, NAMES)
    assert found.fre == pytest.approx(0, abs=1e-9)
    assert found.target_error is not None
    assert found.target_error > 3


def test_three_landmarks_leave_nothing_to_check_an_affine_transform() -> None:
    assert register("affine", UNLIKE[:3], turned(UNLIKE[:3]), NAMES[:3]).target_error is None
    assert register("rigid", UNLIKE[:3], turned(UNLIKE[:3]), NAMES[:3]).target_error == pytest.approx(0, abs=1e-9)


def test_the_same_names_match_in_any_order() -> None:
    order = [3, 0, 4, 2, 1]
    found = register("rigid", UNLIKE, turned(UNLIKE)[order], NAMES, [NAMES[place] for place in order])
    assert found.matched_by == "label"
    assert found.fre == pytest.approx(0, abs=1e-9)
    assert [one.label for one in found.landmarks] == list(NAMES)


def test_other_names_match_by_order() -> None:
    found = register("rigid", UNLIKE, turned(UNLIKE), NAMES, ["1", "2", "3", "4", "5"])
    assert found.matched_by == "order"
    assert found.landmarks[1].moving_label == "2"


def test_names_that_do_not_tell_landmarks_apart_match_by_order_only_where_both_images_have_that_order() -> None:
    names = ["a", "b", "c", "d", "a"]
    assert register("rigid", UNLIKE, turned(UNLIKE), names, names).matched_by == "order"
    with pytest.raises(InputError, match="several landmarks of one image are named a; needed: a name of its own"):
        register("rigid", UNLIKE, turned(UNLIKE), names, ["b", "a", "c", "d", "a"])
    with pytest.raises(InputError, match="some landmarks have no name; needed"):
        register("rigid", UNLIKE, turned(UNLIKE), ["a", "b", "c", "d", ""], ["b", "a", "c", "d", ""])


@given(st.permutations(range(5)), st.floats(-3, 3), st.floats(0.7, 1.4))
def test_a_swapped_order_is_refused_and_the_right_one_proposed(order: list[int], angle: float, scale: float) -> None:
    assume(order != [0, 1, 2, 3, 4])
    moving = scale * turned(UNLIKE, angle) + np.random.default_rng(0).normal(0, 0.2, UNLIKE.shape)
    theirs = [f"m{place}" for place in range(5)]
    with pytest.raises(WrongOrderError, match="do not fit in the given order") as caught:
        register("similarity", UNLIKE, moving[order], NAMES, theirs)
    assert caught.value.order == tuple(order.index(place) for place in range(5))
    proposed = ", ".join(f"{name} = m{order.index(place)}" for place, name in enumerate(NAMES))
    assert proposed in str(caught.value)


def test_the_proposed_order_is_that_of_what_was_given_even_where_names_matched_another_one() -> None:
    order = [3, 0, 4, 2, 1]
    names = [NAMES[place] for place in order]
    names[0], names[3] = names[3], names[0]
    with pytest.raises(WrongOrderError) as caught:
        register("similarity", UNLIKE, turned(UNLIKE)[order], NAMES, names)
    assert caught.value.order == tuple(order.index(place) for place in range(5))
    assert pickle.loads(pickle.dumps(caught.value)).order == caught.value.order


@pytest.mark.parametrize("kind", ["rigid", "affine", "tps"])
def test_a_swapped_order_is_seen_whatever_the_transform_and_the_names(kind: str) -> None:
    with pytest.raises(InputError, match="fixed = moving: a = b, b = a, c = c"):
        register(kind, UNLIKE, turned(UNLIKE)[[1, 0, 2, 3, 4]], NAMES)


def test_landmarks_that_merely_miss_are_no_swapped_order() -> None:
    moving = turned(UNLIKE) + np.random.default_rng(1).normal(0, 4, UNLIKE.shape)
    assert register("rigid", UNLIKE, moving, NAMES).fre > 2


@pytest.mark.parametrize("kind", ["rigid", "similarity", "affine", "tps"])
def test_a_mirror_image_is_refused(kind: str) -> None:
    with pytest.raises(InputError, match="mirror image"):
        register(kind, UNLIKE, turned(UNLIKE * [-1.0, 1.0]), NAMES)


def test_many_landmarks_in_disorder_are_sorted_out() -> None:
    generator = np.random.default_rng(2)
    fixed, order = generator.uniform(0, 60, (30, 2)), generator.permutation(30)
    with pytest.raises(InputError, match="this order fits"):
        register("rigid", fixed, turned(fixed)[order], [str(place) for place in range(30)])


@pytest.mark.parametrize(
    ("kind", "fixed", "reason"),
    [
        ("rigid", UNLIKE[:2], "2 landmarks; transform rigid needs at least 3"),
        ("affine", UNLIKE[:2], "transform affine needs at least 3"),
        ("tps", UNLIKE[:3], "3 landmarks; transform tps needs at least 4"),
        ("rigid", np.array([[0.0, 0], [1, 1], [2, 2], [3, 3]]), "fixed landmarks lie on a line"),
        ("rigid", np.array([[0.0, 0], [10, 10.01], [20, 20], [30, 30]]), "lie on a line"),
        ("affine", np.array([[0.0, 0], [9, 1], [0, 0], [3, 8]]), "fixed landmarks a and c lie in one place"),
        ("rigid", np.zeros((4, 2)), "lie in one place"),
        (
            "rigid",
            np.array([[0.0, 0], [9, np.nan], [0, 5], [3, 8]]),
            "fixed landmarks have positions that are not finite",
        ),
    ],
)
def test_what_determines_no_transform_is_refused(kind: str, fixed: Points, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        register(kind, fixed, turned(UNLIKE[: len(fixed)]), NAMES[: len(fixed)])
    if "fixed" in reason:
        with pytest.raises(InputError, match=reason.replace("fixed", "moving")):
            register(kind, turned(UNLIKE[: len(fixed)]), fixed, NAMES[: len(fixed)])


def test_names_and_numbers_have_to_agree() -> None:
    with pytest.raises(InputError, match=r"5 fixed and 4 moving landmarks; needed: as many \(in one image only: e\)"):
        register("rigid", UNLIKE, UNLIKE[:4], NAMES, NAMES[:4])
    with pytest.raises(InputError, match="without a partner of the same name: fixed e; moving x"):
        register("rigid", UNLIKE, UNLIKE, NAMES, [*NAMES[:4], "x"])
    with pytest.raises(UsageError, match="unknown transform 'bspline'; known: rigid, similarity, affine, tps"):
        register("bspline", UNLIKE, UNLIKE, NAMES)


def test_landmarks_outside_the_image_are_named() -> None:
    with pytest.raises(InputError, match="image of 35 x 25 pixels: b"):
        check_inside(UNLIKE, NAMES, Geometry((25, 35)), "a.png")
    check_inside(UNLIKE, NAMES, Geometry((25, 45)), "a.png")
