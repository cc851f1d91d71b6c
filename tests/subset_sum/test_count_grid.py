"""Exact counts on a grid, and the proven bounds, against enumeration and against polynomials in Python integers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slth.subset_sum.counting import grid
from slth.subset_sum.counting.sandwich import sandwich
from tests.reference.grid_counts import by_enumeration, by_polynomial, total_by_polynomial
from tests.subset_sum.instances import KINDS, targets

FIXED = settings(database=None, deadline=None, derandomize=True, max_examples=40)


def log2(counts: list[int]) -> np.ndarray:
    return np.array([math.log2(count) if count else -math.inf for count in counts])


@FIXED
@given(
    st.lists(st.integers(-30, 30), max_size=11),
    st.integers(-80, 80).map(lambda v: v / 2),
    st.sampled_from([0.0, 0.5, 1.0, 2.5, 40.0]),
    st.sampled_from([1.0, 3.0, 0.25]),
)
def test_as_enumeration(samples: list[int], target: float, epsilon: float, unit: float) -> None:
    samples = [unit * value for value in samples]
    expected = by_enumeration(samples, target, epsilon)
    assert grid.by_size(samples, target, epsilon) == expected
    assert grid.total(samples, target, epsilon) == sum(expected)


@pytest.mark.parametrize(("low", "high", "n"), [(-8, 9, 60), (-3, 12, 80), (0, 3, 75), (-6, 0, 70)])
def test_counts_beyond_64_bits_as_a_polynomial(low: int, high: int, n: int) -> None:
    samples = np.random.default_rng(n).integers(low, high, n)
    target = int(samples.sum()) // 2
    expected = by_polynomial(samples.tolist(), target, 2)
    assert max(expected) > 2**50
    assert grid.by_size(samples, target, 2) == expected
    assert grid.total(samples, target, 2) == sum(expected)


@pytest.mark.parametrize("n", [119, 120, 121, 400])
def test_totals_of_many_limbs(n: int) -> None:
    samples = np.random.default_rng(n).integers(-5, 6, n)
    assert grid.total(samples, 3, 1) == total_by_polynomial(samples.tolist(), 3, 1)


def test_every_subset_is_counted_once() -> None:
    samples = np.random.default_rng(0).integers(-50, 51, 90)
    reach = int(np.abs(samples).sum())
    assert grid.by_size(samples, 0, reach) == [math.comb(90, k) for k in range(91)]
    assert grid.total(samples, 0, reach) == 2**90


def test_complement() -> None:
    """The complement of a subset of size k and sum s has size n - k and sum total - s."""
    samples = np.random.default_rng(1).integers(-40, 200, 50)
    counts = grid.by_size(samples, 700, 9)
    assert counts == grid.by_size(samples, int(samples.sum()) - 700, 9)[::-1]
    assert counts == grid.by_size(-samples, -700, 9)
    assert counts == grid.by_size(samples[::-1] * 0.125, 700 * 0.125, 9 * 0.125)


def test_perfect_partitions_of_mertens() -> None:
    """Mean over rows of n numbers from 1..M whose total is even: 2^n sqrt(6 / (pi n)) / M (Mertens 1998), to the order 1 / n.

    The mean of 200 rows scatters by 1 percent; the tolerance of 4 percent is a false alarm of 1e-4.
    """
    n, largest, rng = 40, 1000, np.random.default_rng(2)
    numbers = []
    while len(numbers) < 200:
        samples = rng.integers(1, largest + 1, n)
        if samples.sum() % 2 == 0:
            numbers.append(grid.total(samples, int(samples.sum()) // 2))
    predicted = 2.0**n * math.sqrt(6 / (math.pi * n)) / largest
    assert np.mean(np.array(numbers, float)) == pytest.approx(predicted, rel=0.04)


def test_budgets_are_checked_before_anything_is_allocated() -> None:
    samples = np.random.default_rng(3).uniform(-1, 1, 40)
    with pytest.raises(ValueError, match="additions"):
        grid.by_size(samples, 0.0, 0.1)
    integers = np.arange(1, 400)
    with pytest.raises(ValueError, match="additions"):
        grid.by_size(integers, 20000, budget=1e6)
    with pytest.raises(ValueError, match="bytes"):
        grid.total(integers, 20000, memory=1e5)
    with pytest.raises(ValueError, match="epsilon"):
        grid.total(integers, 20000, -1.0)


def test_nothing_and_everything() -> None:
    assert grid.by_size([], 0.0) == [1]
    assert grid.by_size([], 1.0) == [0]
    assert grid.by_size([0.0, 0.0, 0.0], 0.0) == [1, 3, 3, 1]
    assert grid.by_size([5, 5], 100.0) == [0, 0, 0]
    assert grid.total([5, -5], 1e300) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_bounds_hold_for_hard_rows(kind: str) -> None:
    rng = np.random.default_rng(list(KINDS).index(kind))
    samples = KINDS[kind](rng, 9)
    reach = float(np.abs(samples / 4).sum())
    for target in targets(rng, samples)[:4]:
        for epsilon in (0.0, 0.1 * reach, reach):
            expected = by_enumeration(samples.tolist(), target, epsilon)
            for budget in (300, 1e5):
                parts = sandwich(samples, target, epsilon, budget=budget)
                whole = sandwich(samples, target, epsilon, sizes=False, budget=budget)
                assert np.all(parts.lower_log2 <= log2(expected))
                assert np.all(log2(expected) <= parts.upper_log2)
                assert whole.lower_log2 <= log2([sum(expected)])[0] <= whole.upper_log2


@pytest.mark.parametrize("n", [20, 41, 60, 85])
def test_bounds_hold_on_a_coarse_grid(n: int) -> None:
    """Against exact counts of integers, with a step too coarse for them: both kinds of bounds come to bear."""
    rng = np.random.default_rng(n)
    samples = rng.integers(-400, 1000, n)
    for share, epsilon in ((0.5, 20.0), (0.5, 200.0), (0.9, 200.0), (0.2, 0.0)):
        target = float(round(samples[samples < 0].sum() + share * np.abs(samples).sum()))
        expected = grid.by_size(samples, target, epsilon)
        for budget in (1e4, 1e5, 1e6):
            parts = sandwich(samples, target, epsilon, budget=budget)
            whole = sandwich(samples, target, epsilon, sizes=False, budget=budget)
            assert np.all(parts.lower_log2 <= log2(expected))
            assert np.all(log2(expected) <= parts.upper_log2)
            assert whole.lower_log2 <= math.log2(sum(expected) or 0.5) or not sum(expected)
            assert whole.upper_log2 >= (math.log2(sum(expected)) if sum(expected) else -math.inf)


def test_bounds_meet_where_the_grid_is_exact_or_fine() -> None:
    integers = np.random.default_rng(4).integers(-50, 51, 60)
    exact = log2(grid.by_size(integers, 10, 3))
    parts = sandwich(integers, 10, 3)
    finite = np.isfinite(exact)
    np.testing.assert_allclose(parts.lower_log2[finite], exact[finite], atol=1e-12)
    np.testing.assert_allclose(parts.upper_log2[finite], exact[finite], atol=1e-12)
    assert np.all(np.isneginf(parts.upper_log2[~finite]))
    reals = np.random.default_rng(5).uniform(-1, 1, 100)
    fine, coarse = (sandwich(reals, 0.3, 0.01, sizes=False, budget=b) for b in (1e7, 1e6))
    assert coarse.step > fine.step
    assert fine.upper_log2 - fine.lower_log2 < 0.6
    assert coarse.lower_log2 <= fine.upper_log2
    assert fine.lower_log2 <= coarse.upper_log2


def test_far_tails_neither_overflow_nor_vanish() -> None:
    samples = np.random.default_rng(6).random(2000)
    for share in (0.02, 0.5, 0.97):
        found = sandwich(samples, share * samples.sum(), 2.0, sizes=False, budget=1e7)
        assert 0 < found.lower_log2 < found.upper_log2 < 2000
    with pytest.raises(ValueError, match="sizes=False"):
        sandwich(samples, 1.0, 0.1)
