"""`closest_perturbed` against enumeration of all subsets and all corners of their movements."""

from __future__ import annotations

import doctest
import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slth import subset_sum
from slth.subset_sum import perturbed
from slth.subset_sum.perturbed import closest_perturbed
from tests.reference import perturbed as slow

FIXED = settings(database=None, deadline=None, derandomize=True, max_examples=40)
NUMBER = st.floats(-1, 1).map(lambda x: round(x, 3))


@FIXED
@given(st.lists(NUMBER, min_size=1, max_size=6), NUMBER, st.sampled_from([0.0, 0.001, 0.02, 0.3]))
def test_the_least_error_of_all_subsets_and_movements(samples: list[float], target: float, c: float) -> None:
    found = closest_perturbed(samples, target, c, workers=1)
    assert found.error == pytest.approx(slow.closest(samples, target, c), abs=1e-12)
    assert found.status == subset_sum.Status.OPTIMAL
    assert abs(found.movement) <= c
    assert found.size == found.chosen.sum()
    moved = math.fsum(found.moved(samples)[found.chosen])
    assert abs(moved - target) == pytest.approx(float(found.error), abs=1e-12)
    np.testing.assert_array_equal(found.moved(samples)[~found.chosen], np.array(samples)[~found.chosen])


@FIXED
@given(st.lists(NUMBER, min_size=1, max_size=5), NUMBER)
def test_the_least_movement_where_nothing_is_left(samples: list[float], target: float) -> None:
    found, least = closest_perturbed(samples, target, 0.1, workers=1), slow.least_movement(samples, target, 0.1)
    if least is not None and found.error == 0:
        assert abs(found.movement) == pytest.approx(least, abs=1e-9)


def test_without_movement_it_is_solve() -> None:
    rng = np.random.default_rng(0)
    samples, target = rng.uniform(-1, 1, (5, 1, 12)), rng.uniform(-1, 1, (1, 7))
    found, plain = closest_perturbed(samples, target, 0), subset_sum.solve(samples, target)
    np.testing.assert_array_equal(found.chosen, plain.chosen)
    np.testing.assert_array_equal(found.error, plain.error)
    np.testing.assert_array_equal(found.sum, plain.sum)
    assert not found.movement.any()
    assert found.chosen.shape == (5, 7, 12)
    assert "instances=35" in repr(found)


def test_more_movement_never_hurts() -> None:
    rng = np.random.default_rng(1)
    samples, target = rng.uniform(-1, 1, (50, 7)), rng.uniform(-1, 1, 50)
    errors = [closest_perturbed(samples, target, c).error for c in (0, 1e-3, 1e-2, 1e-1)]
    assert all((b <= a).all() for a, b in pairwise(errors))
    assert np.median(errors[0]) > 3 * np.median(errors[2])


def test_candidates_needed_fall_as_measured() -> None:
    """The entries of the module's table at epsilon = 0.001 within 1, for 200 other rows; a median of 200 deviates by about 0.2."""
    rng = np.random.default_rng(12)
    samples, target = rng.uniform(-1, 1, (200, 13)), rng.uniform(-0.5, 0.5, 200)
    for c, expected in ((0.0, 11), (0.001, 8), (0.01, 6), (0.1, 3)):
        first = np.full(200, 14)
        for n in range(13, 0, -1):
            first[closest_perturbed(samples[:, :n], target, c).error <= 1e-3] = n
        assert abs(np.median(first) - expected) <= 1


def test_examples() -> None:
    assert not doctest.testmod(perturbed).failed


@pytest.mark.parametrize(
    ("samples", "target", "c", "words"),
    [
        ([], 0.0, 0.1, "at least one number"),
        ([0.5], np.nan, 0.1, "target must be finite"),
        ([0.5], 0.1, -0.1, "c must be >= 0 and finite, got -0.1"),
        ([0.5], 0.1, np.inf, "c must be >= 0 and finite"),
        ([0.5], 0.1, True, "c must be a number >= 0, got True"),
        (["x"], 0.1, 0.1, "samples must hold real numbers"),
    ],
)
def test_misuse(samples: object, target: float, c: float, words: str) -> None:
    with pytest.raises((ValueError, TypeError), match=words):
        closest_perturbed(samples, target, c)  # type: ignore[arg-type]
