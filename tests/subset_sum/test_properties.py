"""Laws of the closest subset, on samples that hypothesis makes up.

Laws that need exact sums use dyadic numbers (multiples of 2^-10 below 2^10); the others any floats.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slth.subset_sum import Solution, solve
from tests.reference.subset_sum_exact import closest, smallest_within
from tests.subset_sum.instances import assert_same

pytestmark = pytest.mark.filterwarnings("ignore::slth.subset_sum.ResolutionWarning")  # epsilons are as fine as it gets

FIXED = settings(database=None, deadline=None, derandomize=True, max_examples=80)

dyadic = st.one_of(st.integers(-(2**20), 2**20), st.integers(-12, 12)).map(lambda k: k * 2.0**-10)
anything = st.floats(min_value=-1e306, max_value=1e306)  # subnormal numbers and -0.0 included
tame = st.one_of(st.floats(-4, 4), st.sampled_from([0.1, 0.2, 0.3, -0.3, 0.0, 1.0, 2.0**-60]))


def rows(element: st.SearchStrategy[float], longest: int = 12) -> st.SearchStrategy[list[float]]:
    return st.lists(element, min_size=1, max_size=longest)


@FIXED
@given(rows(anything, 8), anything)
def test_any_floats_as_the_twin_says(samples: list[float], target: float) -> None:
    expected = closest(samples, target)
    found = solve(samples, target)
    assert int(found.mask) == expected.mask
    assert (found.sum, found.error) == (float(expected.sum), float(expected.error))


@FIXED
@given(rows(tame, 8), tame, st.floats(1e-20, 2.0))
def test_smallest_as_the_twin_says(samples: list[float], target: float, epsilon: float) -> None:
    expected = smallest_within(samples, target, epsilon)
    found = solve(samples, target, objective="smallest", epsilon=epsilon)
    assert int(found.mask) == (0 if expected is None else expected.mask)
    assert (found.status == 0) == (expected is not None)


@FIXED
@given(rows(tame), tame, st.randoms(use_true_random=False))
def test_the_order_of_the_samples_does_not_matter(samples: list[float], target: float, random: object) -> None:
    shuffled = samples.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = solve(samples, target), solve(shuffled, target)
    assert (one.error, one.size) == (other.error, other.size)


@FIXED
@given(rows(tame), tame)
def test_turning_all_signs_turns_the_sum(samples: list[float], target: float) -> None:
    one, other = solve(samples, target), solve([-x for x in samples], -target)
    assert (one.mask, one.sum, one.error) == (other.mask, -other.sum, other.error)


@FIXED
@given(rows(dyadic), dyadic, st.integers(-1000, 900))
def test_scaling_by_a_power_of_two_scales_the_error(samples: list[float], target: float, power: int) -> None:
    one, other = solve(samples, target), solve(np.ldexp(samples, power), math.ldexp(target, power))
    assert one.mask == other.mask
    assert (math.ldexp(one.sum, power), math.ldexp(one.error, power)) == (other.sum, other.error)


@FIXED
@given(rows(tame, 11), tame, tame)
def test_one_more_sample_never_hurts(samples: list[float], target: float, more: float) -> None:
    without, with_it = solve(samples, target), solve([*samples, more], target)
    assert with_it.error <= without.error
    if not with_it.chosen[-1]:
        assert with_it.mask == without.mask


@FIXED
@given(rows(tame, 11), tame, st.data())
def test_a_zero_changes_nothing_but_places(samples: list[float], target: float, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(samples)))
    padded = [*samples[:place], 0.0, *samples[place:]]
    one, other = solve(samples, target), solve(padded, target)
    assert other.chosen.tolist() == np.insert(one.chosen, place, False).tolist()
    assert (one.sum, one.error, one.size) == (other.sum, other.error, other.size)


@FIXED
@given(rows(dyadic), dyadic)
def test_the_complement_reaches_the_rest_of_the_total(samples: list[float], target: float) -> None:
    assert solve(samples, target).error == solve(samples, sum(samples) - target).error


@FIXED
@given(rows(dyadic), dyadic, st.data())
def test_turning_one_sign_moves_the_target(samples: list[float], target: float, data: st.DataObject) -> None:
    """Taking -x is leaving x out: the subsets of the turned row, and the target less x, are as far apart."""
    place = data.draw(st.integers(0, len(samples) - 1))
    turned = samples.copy()
    turned[place] = -turned[place]
    assert solve(samples, target).error == solve(turned, target - samples[place]).error


@FIXED
@given(rows(dyadic, 10), dyadic)
def test_the_smallest_within_the_least_error_is_the_closest(samples: list[float], target: float) -> None:
    nearest = solve(samples, target)
    if nearest.error > 0:
        assert solve(samples, target, objective="smallest", epsilon=nearest.error).mask == nearest.mask


@FIXED
@given(st.integers(1, 12), st.integers(1, 8), st.data())
def test_the_batch_does_not_matter(n: int, m: int, data: st.DataObject) -> None:
    samples = np.array(data.draw(st.lists(st.lists(tame, min_size=n, max_size=n), min_size=m, max_size=m)))
    goals = np.array(data.draw(st.lists(tame, min_size=m, max_size=m)))
    batch = solve(samples, goals)
    singles = [solve(row, goal) for row, goal in zip(samples, goals, strict=True)]
    names = ("mask", "sum", "error", "size", "status")
    joined = Solution(**{name: np.array([getattr(s, name) for s in singles]) for name in names}, n=n)
    assert_same(batch, joined)
    assert_same(solve(samples[0], goals), solve(np.tile(samples[0], (m, 1)), goals))
