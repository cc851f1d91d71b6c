"""Heuristics: never better than possible, never worse than they must be, and every error recomputed."""

from __future__ import annotations

import math
import time
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from slth import subset_sum
from slth.subset_sum import Status
from slth.subset_sum.heuristics.long_row import LongRow
from slth.subset_sum.heuristics.partition import Partition
from slth.subset_sum.heuristics.row import (
    METHODS,
    CompleteKarmarkarKarp,
    Greedy,
    KarmarkarKarp,
    LocalSearch,
    Picked,
    solve_row,
)
from tests.reference.partition import differencing, smallest_error
from tests.subset_sum.instances import KINDS, targets

# words wrap around by design; interpreted, NumPy would warn of it
pytestmark = pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")


def recomputed(samples: NDArray[Any], target: float, picked: Picked) -> None:
    chosen = [Fraction(x) for x in samples[picked.chosen].tolist()]
    assert picked.chosen.shape == samples.shape
    assert picked.sum == float(sum(chosen, Fraction(0)))
    assert picked.error == float(abs(sum(chosen, Fraction(0)) - Fraction(target)))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", KINDS)
def test_never_better_than_the_optimum(kind: str, method: str) -> None:
    rng = np.random.default_rng([len(kind), len(method)])
    for n in (1, 2, 7, 12):
        samples = KINDS[kind](rng, n)
        for target in targets(rng, samples)[::3]:
            optimum = subset_sum.solve(samples, target, workers=1)
            picked = solve_row(samples, target, method=method)
            recomputed(samples, target, picked)
            assert picked.error >= optimum.error
            if picked.status == Status.OPTIMAL:
                np.testing.assert_array_equal(picked.chosen, optimum.chosen)
            if method == "local-search":  # all samples are free at once
                assert picked.error <= solve_row(samples, target, method="greedy").error


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=12), st.integers(-3000, 3000))
def test_the_complete_tree_finds_the_optimum(samples: list[int], target: int) -> None:
    best = smallest_error(samples, target)
    for row in (np.array(samples), np.array(samples, dtype=float)):
        picked = solve_row(row, target, method="complete-karmarkar-karp")
        assert picked.error == best
        assert picked.status == Status.OPTIMAL


def test_the_complete_tree_proves_reals() -> None:
    """random() gives multiples of 2^-53: the integers are exact, and an exhausted tree is a proof."""
    rng = np.random.default_rng(1)
    for n in (14, 20):
        samples = rng.random(n)
        picked = solve_row(samples, n / 5, method=CompleteKarmarkarKarp())
        expected = subset_sum.solve(samples, n / 5, workers=1)
        assert picked.status == Status.OPTIMAL
        np.testing.assert_array_equal(picked.chosen, expected.chosen)
        few = solve_row(samples, n / 5, method="complete-karmarkar-karp", budget=3)
        assert few.status == Status.HEURISTIC
        assert few.error >= expected.error


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-(2**40), 2**40), min_size=1, max_size=200), st.integers(-(2**44), 2**44))
def test_differencing_is_that_of_the_heap(samples: list[int], target: int) -> None:
    """The error is half of what the plain heap leaves, whichever of equal numbers goes first."""
    extra = abs(2 * target - sum(samples))
    picked = solve_row(np.array(samples), target, method="karmarkar-karp")
    assert 2 * picked.error == differencing([*map(abs, samples), extra])


def test_differencing_of_floats() -> None:
    """Floats of equal scale are exact integers in disguise; the sides must really differ by what is left."""
    rng = np.random.default_rng(2)
    for n in (2, 3, 10, 501, 5000):
        samples = rng.random(n)
        target = float(samples.sum() / 2)
        integers = [int(x * 2**53) for x in samples]
        left = differencing([*integers, abs(int(Fraction(target) * 2**54) - sum(integers))])
        assert Fraction(solve_row(samples, target, method="karmarkar-karp").error) * 2**54 == left


def test_golden() -> None:
    """For n uniform numbers differencing leaves about n^(-0.72 ln n): log2 of it for n = 100 and 400 is near -22 and -37.

    Medians of 21 draws; their spread is below 2, so each bound of 6 fails with a chance far below 1e-6.
    """
    rng = np.random.default_rng(3)
    for n in (100, 400):
        left = [2 * solve_row(x := rng.random(n), float(x.sum()) / 2, method="karmarkar-karp").error for _ in range(21)]
        assert abs(math.log2(np.median(left)) + 0.72 * math.log(n) * math.log2(n)) < 6
    # the complete tree and local search improve on it, and greedy is far behind
    samples = rng.uniform(-1, 1, 60)
    error = {name: solve_row(samples, 0.3, method=name).error for name in METHODS}
    assert error["complete-karmarkar-karp"] < error["karmarkar-karp"] < error["greedy"]
    assert error["local-search"] < 1e-8


def test_long_rows() -> None:
    rng = np.random.default_rng(4)
    samples = rng.uniform(-1, 1, 20_000)
    for method in METHODS:
        picked = solve_row(samples, 12.3, method=method)
        recomputed(samples, 12.3, picked)
        assert picked.error < (1e-3 if method == "greedy" else 1e-14)
    # 0.3 is no multiple of the samples' last bit, 2^-53: nothing is closer than the remainder
    assert solve_row(samples, 0.3).status == Status.OPTIMAL
    assert solve_row(samples, 0.3).error == 2.0**-54
    assert solve_row(rng.integers(-(10**12), 10**12, 3000), 10**14 + 7).error == 0


@pytest.mark.parametrize("method", ["greedy", "local-search", "auto"])
@pytest.mark.parametrize("kind", ["uniform", "positive", "integers", "decimals", "heavy tail", "mostly zero"])
def test_size_is_respected(kind: str, method: str) -> None:
    rng = np.random.default_rng(5)
    samples = KINDS[kind](rng, 300)
    for low, high in ((0, 0), (7, 7), (100, 120), (299, 300), (0, 3)):
        target = float(np.sort(samples)[::-1][: (low + high) // 2].sum() / 2)
        picked = solve_row(samples, target, method=method, low=low, high=high)
        recomputed(samples, target, picked)
        assert low <= picked.chosen.sum() <= high
    tiny = rng.integers(-50, 50, 10)
    for k in range(11):
        picked = solve_row(tiny, 20, method=method, low=k, high=k)
        assert picked.chosen.sum() == k
        assert picked.error >= smallest_error(tiny.tolist(), 20, k, k)


def test_reproducible() -> None:
    samples = np.random.default_rng(6).uniform(-1, 1, 6000)
    for method in ("local-search", Greedy(passes=3)):
        one, other = (solve_row(samples, 0.1, method=method, rng=11) for _ in range(2))
        np.testing.assert_array_equal(one.chosen, other.chosen)
    assert solve_row(samples, 0.1, method=Greedy(passes=5)).error <= solve_row(samples, 0.1, method="greedy").error


def test_deadline() -> None:
    samples = np.random.default_rng(7).uniform(-1, 1, 60)
    late = solve_row(samples, 0.1, method=LocalSearch(rounds=10**6, patience=10**6), deadline=time.monotonic() - 1)
    np.testing.assert_array_equal(late.chosen, solve_row(samples, 0.1, method="greedy").chosen)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(["greedy", "karmarkar-karp", "complete-karmarkar-karp"]))
def test_laws(seed: int, method: str) -> None:
    """Scaling by a power of two scales the answer; flipping all signs keeps it."""
    rng = np.random.default_rng(seed)
    samples, target = rng.uniform(-1, 1, 40), rng.uniform(-2, 2)
    budget = {"budget": 1000} if method.startswith("complete") else {}
    plain = solve_row(samples, target, method=method, **budget)
    scaled = solve_row(samples * 2.0**-300, target * 2.0**-300, method=method, **budget)
    np.testing.assert_array_equal(plain.chosen, scaled.chosen)
    assert scaled.error == plain.error * 2.0**-300
    assert solve_row(-samples, -target, method=method, **budget).error == plain.error


def test_far_targets_and_large_integers() -> None:
    """A number that dwarfs the samples costs them bits in the differencing, not in the reported error."""
    samples = np.random.default_rng(8).uniform(-1, 1, 100)
    for method in METHODS:
        picked = solve_row(samples, 1e25, method=method)
        recomputed(samples, 1e25, picked)
    assert Partition.of(LongRow.read(samples, 1e25, 0, None)).exact is False
    large = np.array([2**60, -(2**59), 3, 2**58 + 1])
    for method in METHODS:
        picked = solve_row(large, 2**58 + 4, method=method)
        recomputed(large, 2**58 + 4, picked)
    assert solve_row(large, 2**58 + 4, method="complete-karmarkar-karp").error == 0


@pytest.mark.parametrize(
    ("samples", "options", "message"),
    [
        ([1.0, 2.0], {"method": "simulated-annealing"}, "unknown method"),
        ([1.0, 2.0], {"method": "karmarkar-karp", "high": 1}, "differencing does not control it"),
        ([1.0, 2.0], {"method": "greedy", "budget": 5}, "budget, the number of nodes"),
        ([1.0, 2.0], {"low": 3}, "low = 3, high = 2, n = 2"),
        ([], {}, "must not be empty"),
        ([np.inf], {}, "samples must be finite"),
        ([1e308, 1e308], {}, "overflow float64"),
        (np.array([2**61, 2**61]), {}, "less than 2\\^62"),
    ],
)
def test_errors(samples: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        solve_row(samples, 0.5, **options)
    with pytest.raises(ValueError, match="free must be from 1 to 44, got 60"):
        LocalSearch(free=60)
    assert METHODS["karmarkar-karp"] == KarmarkarKarp()


@pytest.mark.parametrize(
    "make",
    [
        lambda: Greedy(passes=0),
        lambda: CompleteKarmarkarKarp(budget=0),
        lambda: LocalSearch(rounds=0),
        lambda: LocalSearch(pool=-1),
    ],
)
def test_budgets_of_zero(make: Any) -> None:
    with pytest.raises(ValueError, match="must be >= 1, got"):
        make()
