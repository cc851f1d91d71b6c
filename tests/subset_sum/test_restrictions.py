"""Sizes, locked samples, coefficients, patterns and integers through the front door, against trying everything."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from slth.subset_sum import Solution, Status, solve
from tests.reference.restricted import Choice, closest, smallest
from tests.subset_sum.instances import KINDS, targets

pytestmark = pytest.mark.filterwarnings("ignore::slth.subset_sum.ResolutionWarning")  # epsilons are as fine as it gets

SETS = [(0, 1), (-1, 1), (1, -1), (0, -1), (-1, 0, 1), (1, 3), (-2, 0, 1), (2, 5), (-3, 3), (1, 2, 4)]


def assert_is(solution: Solution, expected: Choice, samples: list[Any], target: float, where: str) -> None:
    """To the last bit what the twin says."""
    assert int(solution.mask) == expected.mask, where
    assert solution.coefficients.tolist() == list(expected.coefficients), where
    assert solution.error == float(expected.error), where
    total = sum((c * Fraction(x) for c, x in zip(expected.coefficients, samples, strict=True)), start=Fraction(0))
    assert solution.sum == float(total), where
    assert solution.size == expected.size, where


@pytest.mark.parametrize("kind", KINDS)
def test_closest_with_coefficients(kind: str) -> None:
    for coefficients in SETS:
        rng = np.random.default_rng(len(kind) * 100 + len(coefficients))
        n = 6 if len(coefficients) == 2 else 4
        samples = KINDS[kind](rng, n) / 8  # room for the coefficients
        goals = [g / 8 for g in targets(rng, samples)]
        for target in goals[:: 1 if coefficients == (-1, 1) else 3]:
            found = solve(samples, target, coefficients=coefficients)
            where = f"samples={samples.tolist()}, target={target!r}, coefficients={coefficients}"
            assert found.status == Status.OPTIMAL
            assert_is(
                found, closest(samples.tolist(), target, coefficients=coefficients), samples.tolist(), target, where
            )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("coefficients", [(0, 1), (-1, 1), (-1, 0, 1)])
def test_locked_and_sizes(kind: str, coefficients: tuple[int, ...]) -> None:
    rng = np.random.default_rng(len(kind))
    n = 7 if len(coefficients) == 2 else 5
    for _ in range(4):
        samples = KINDS[kind](rng, n) / 8
        target = float(rng.choice(targets(rng, samples))) / 8
        locked = rng.random(n) < 0.3
        low = int(rng.integers(0, n - locked.sum() + 1)) + int(locked.sum())
        high = int(rng.integers(low, n + 1))
        given = {"coefficients": coefficients, "locked": locked.tolist()}
        found = solve(samples, target, size=(low, high), coefficients=coefficients, locked=locked)
        expected = closest(samples.tolist(), target, size=(low, high), **given)
        assert_is(found, expected, samples.tolist(), target, f"{samples.tolist()}, {target!r}, {given}, {low}, {high}")
        found = solve(samples, target, coefficients=coefficients, locked=locked)
        assert_is(found, closest(samples.tolist(), target, **given), samples.tolist(), target, f"{given}")


@pytest.mark.parametrize("kind", KINDS)
def test_patterns(kind: str) -> None:
    rng = np.random.default_rng(len(kind))
    samples = KINDS[kind](rng, 8)
    for pattern in ((1, 2), (2, 4), (1, 4), (0, 2), (4, 4), (3, 8)):
        target = float(rng.choice(targets(rng, samples)))
        found = solve(samples, target, pattern=pattern)
        where = f"{samples.tolist()}, {target!r}, {pattern}"
        assert_is(found, closest(samples.tolist(), target, pattern=pattern), samples.tolist(), target, where)


@pytest.mark.parametrize("objective", ["smallest", "any"])
@pytest.mark.parametrize("coefficients", [(0, 1), (-1, 1), (-1, 0, 1)])
@pytest.mark.parametrize("kind", ["uniform", "integers", "decimals", "mostly zero", "wide"])
def test_within_epsilon(kind: str, coefficients: tuple[int, ...], objective: str) -> None:
    rng = np.random.default_rng(len(kind))
    n = 7 if len(coefficients) == 2 else 5
    for epsilon in (0.3, 0.03, 1e-9):
        samples = KINDS[kind](rng, n)
        target = float(rng.choice(targets(rng, samples)[:6]))
        for size in (None, (2, 4)):
            for locked in (None, rng.random(n) < 0.2):
                options = {"coefficients": coefficients, "size": size, "locked": locked}
                expected = smallest(samples.tolist(), target, epsilon, **options)
                found = solve(samples, target, objective=objective, epsilon=epsilon, **options)
                where = f"{samples.tolist()}, {target!r}, {epsilon}, {options}"
                if expected is None:
                    assert found.status == Status.NOT_FOUND, where
                elif objective == "smallest":
                    assert_is(found, expected, samples.tolist(), target, where)
                    assert found.status == Status.OPTIMAL
                else:
                    assert found.status == Status.WITHIN_EPSILON, where
                    assert found.error <= epsilon, where
                    total = sum(
                        (c * Fraction(x) for c, x in zip(found.coefficients.tolist(), samples.tolist(), strict=True)),
                        start=Fraction(0),
                    )
                    assert abs(total - Fraction(target)) <= Fraction(epsilon), where
                    if size is not None:
                        assert 2 <= found.size <= 4, where
                    if locked is not None:
                        assert found.chosen[locked].all(), where


@pytest.mark.parametrize("bits", [3, 20, 55])
@pytest.mark.parametrize("coefficients", [(0, 1), (-1, 1), (-1, 0, 1)])
def test_integers_stay_integers(bits: int, coefficients: tuple[int, ...]) -> None:
    rng = np.random.default_rng(bits)
    n = 8 if len(coefficients) == 2 else 5
    for _ in range(6):
        samples = rng.integers(-(2**bits), 2**bits, n)
        target = int(rng.integers(-(2**bits), 2**bits))
        found = solve(samples, target, coefficients=coefficients)
        assert found.sum.dtype == found.error.dtype == np.int64
        expected = closest(samples.tolist(), target, coefficients=coefficients)
        assert int(found.error) == expected.error
        assert int(found.mask) == expected.mask


def test_a_perfect_hit_among_integers_is_found_and_proven() -> None:
    rng = np.random.default_rng(0)
    samples = rng.integers(1, 2**30, 40)
    target = int(samples[rng.random(40) < 0.5].sum())
    found = solve(samples, target)
    assert (int(found.error), Status(int(found.status))) == (0, Status.OPTIMAL)
    within = solve(samples, target, objective="any", epsilon=0)
    assert (int(within.error), Status(int(within.status))) == (0, Status.WITHIN_EPSILON)
    odd = solve(samples * 2, 2 * target + 1, objective="any", epsilon=0)
    assert odd.status == Status.NOT_FOUND


def test_number_partitioning_is_subset_sum() -> None:
    from slth.subset_sum import partition_target

    rng = np.random.default_rng(1)
    samples, target = rng.integers(-1000, 1000, (50, 12)), rng.integers(-2000, 2000, 50)
    subsets = solve(samples, target)
    signs = solve(samples, partition_target(samples, target), coefficients=(1, -1))
    np.testing.assert_array_equal(subsets.mask, signs.mask)
    np.testing.assert_array_equal(2 * subsets.error, signs.error)
    reals = rng.uniform(-1, 1, (50, 12))
    goals = rng.uniform(-1, 1, 50)
    np.testing.assert_array_equal(
        solve(reals, goals).mask, solve(reals, partition_target(reals, goals), coefficients=(1, -1)).mask
    )
