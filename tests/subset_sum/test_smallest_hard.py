"""objective="smallest" on the rows that are hard for "closest", with epsilon at the edge of what is possible."""

from __future__ import annotations

import math

import numpy as np
import pytest

from slth.subset_sum import Solution, Status, solve
from slth.subset_sum.smallest import MAX_LISTED
from tests.reference.subset_sum_exact import smallest_within
from tests.subset_sum.instances import KINDS, SUBNORMAL, assert_recomputed, targets

pytestmark = pytest.mark.filterwarnings("ignore::slth.subset_sum.ResolutionWarning")  # epsilons are as fine as it gets


def tolerances(samples: np.ndarray, nearest: float) -> list[float]:
    """Around the least error that is possible, a share of the total, and absurd ones."""
    total = math.fsum(np.abs(samples))
    near = [nearest, float(np.nextafter(nearest, 0)), float(np.nextafter(nearest, math.inf)), 2 * nearest]
    return [e for e in [*near, total / 1000, total / 10, 1e300, SUBNORMAL] if 0 < e < math.inf]


def assert_smallest(solution: Solution, samples: np.ndarray, goals: np.ndarray, epsilons: np.ndarray) -> None:
    for i, (goal, epsilon) in enumerate(zip(goals.tolist(), epsilons.tolist(), strict=True)):
        expected = smallest_within(samples.tolist(), goal, epsilon)
        where = f"samples={samples.tolist()}, target={goal!r}, epsilon={epsilon!r}"
        if expected is None:
            assert solution.status[i] == Status.NOT_FOUND, where
            assert (int(solution.mask[i]), solution.sum[i], solution.error[i]) == (0, 0, abs(goal)), where
        else:
            assert solution.status[i] == Status.OPTIMAL, where
            assert int(solution.mask[i]) == expected.mask, where
            assert solution.error[i] == float(expected.error), where
            assert solution.sum[i] == float(expected.sum), where


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [1, 2, 5, 8, 10])
def test_smallest_subset(kind: str, n: int) -> None:
    rng = np.random.default_rng([n, 9])
    samples = KINDS[kind](rng, n)
    goals = np.array(targets(rng, samples))[rng.permutation(12)[:7]]
    cases = [
        (goal, epsilon)
        for goal, nearest in zip(goals.tolist(), solve(samples, goals).error.tolist(), strict=True)
        for epsilon in tolerances(samples, nearest)
    ]
    if not cases:
        return
    each_goal, each_epsilon = np.array(cases).T
    solution = solve(samples, each_goal, objective="smallest", epsilon=each_epsilon)
    assert_smallest(solution, samples, each_goal, each_epsilon)


@pytest.mark.parametrize("n", [20, 26, 30, 32])
def test_long_rows(n: int) -> None:
    """A planted pair is found within nothing at all; within the least error the closest subset is the answer."""
    rng = np.random.default_rng(n)
    samples = rng.integers(-(2**44), 2**44, (6, n)) * 2.0**-44
    pairs = samples[:, [3, n - 2]].sum(axis=1)
    planted = solve(samples, pairs, objective="smallest", epsilon=SUBNORMAL)
    assert np.all(planted.size <= 2)
    np.testing.assert_array_equal(planted.error, 0)
    goals = rng.uniform(-1, 1, 6)
    nearest = solve(samples, goals)
    tight = solve(samples, goals, objective="smallest", epsilon=np.nextafter(nearest.error, 1))
    assert np.all(tight.status == Status.OPTIMAL)
    assert np.all(tight.size <= nearest.size)
    missed = solve(samples, goals, objective="smallest", epsilon=nearest.error / 2)
    assert np.all(missed.status == Status.NOT_FOUND)
    loose = solve(samples, goals, objective="smallest", epsilon=0.01)
    assert np.all(loose.error <= 0.01)
    assert np.all(loose.size <= tight.size)
    assert_recomputed(loose, samples, goals)


def test_within_is_inclusive_and_exact() -> None:
    assert solve([1.0, 4.0], 1.25, objective="smallest", epsilon=0.25).mask == 0b01
    assert solve([1.0, 4.0], 1.25, objective="smallest", epsilon=np.nextafter(0.25, 0)).status == Status.NOT_FOUND
    assert solve([1.0, 4.0], 0.25, objective="smallest", epsilon=0.25).mask == 0
    # 0.1 + 0.2 is not 0.3: in exact arithmetic the pair misses by 2^-54 + 2^-55 - ..., one sample hits
    assert solve([0.1, 0.2, 0.3], 0.3, objective="smallest", epsilon=SUBNORMAL).mask == 0b100
    assert solve([0.1, 0.2], 0.3, objective="smallest", epsilon=SUBNORMAL).status == Status.NOT_FOUND


def test_fewest_then_closest_then_smallest_mask() -> None:
    assert solve([0.5, 0.5, 1.1], 1.0, objective="smallest", epsilon=0.2).mask == 0b100
    assert solve([1.1, 0.9, 0.95], 1.0, objective="smallest", epsilon=0.2).mask == 0b100
    assert solve([1.25, 0.75, 5.0], 1.0, objective="smallest", epsilon=0.5).mask == 0b001


def test_targets_beyond_the_reach_of_fixed_point() -> None:
    goals = np.array([1e40, 1e40, -1e40, 2.0**70])
    solution = solve([1.0, 2.0, -1.0], goals, objective="smallest", epsilon=[1e39, 2e40, 2e40, 2.0**70])
    np.testing.assert_array_equal(solution.status, [Status.NOT_FOUND, Status.OPTIMAL, Status.OPTIMAL, Status.OPTIMAL])
    np.testing.assert_array_equal(solution.mask, 0)


def test_most_samples() -> None:
    assert solve(np.ones(MAX_LISTED), 5.0, objective="smallest", epsilon=0.5).size == 5
