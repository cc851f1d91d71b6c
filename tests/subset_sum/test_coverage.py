"""Coverage: every bound holds against all subsets in fractions; the walk is exact; laws; the success rates of random rows."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slth import laws
from slth.subset_sum.covering.coverage import MAX_EXACT, coverage
from slth.subset_sum.covering.covered import Coverage, Covered
from slth.subset_sum.covering.exact_coverage import first_prefix
from tests.reference import coverage as reference
from tests.subset_sum.instances import KINDS, Array

FIXED = settings(database=None, deadline=None, derandomize=True, max_examples=40)
METHODS = ["grid", "exact", "auto"]


def assert_holds(found: Coverage, rows: Array, sizes: tuple[int, int] | None = None) -> None:
    """Every bound of `found` holds, and what is called exact or decided is."""
    for i, row in enumerate(rows.tolist()):
        where = f"row={row}, epsilon={found.epsilon}, interval={found.interval}, sizes={sizes}, found={found!r}"
        truth = reference.covered(row, found.epsilon, found.interval, sizes)
        first = reference.first_prefix(row, found.epsilon, found.interval, sizes)
        assert Fraction(float(found.lower[i])) <= truth.share <= Fraction(float(found.upper[i])), where
        assert Fraction(float(found.gap_lower[i])) <= truth.gap <= Fraction(float(found.gap_upper[i])), where
        assert found.first_n_lower[i] <= first <= found.first_n_upper[i], where
        assert found.status[i] in (Covered.YES if truth.all else Covered.NO, Covered.UNKNOWN), where
        if found.resolution[i] == 0:
            assert found.upper[i] - found.lower[i] <= 1e-14, where
            assert found.first_n_lower[i] == found.first_n_upper[i], where
            assert found.status[i] != Covered.UNKNOWN, where
        if truth.all and found.status[i] == Covered.YES:
            assert found.lower[i] == 1


def spread(rng: np.random.Generator, rows: Array) -> tuple[float, tuple[float, float]]:
    """An epsilon and an interval of the size of the sums."""
    scale = float(np.abs(rows).sum(axis=1).mean()) or 1.0
    a, b = np.sort(rng.uniform(-0.7, 0.7, 2)) * scale
    return max(float(scale * 10.0 ** rng.uniform(-2.5, -0.5)), 5e-324), (float(a), float(b))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", METHODS)
def test_bounds_hold_on_rows_that_are_hard(kind: str, method: str) -> None:
    rng = np.random.default_rng(len(kind))
    for n in (1, 3, 6, 8):
        rows = np.array([KINDS[kind](rng, n) for _ in range(3)])
        if kind == "huge":
            rows /= 16  # room for interval and epsilon
        epsilon, interval = spread(rng, rows)
        if not interval[0] < interval[1]:
            continue
        assert_holds(coverage(rows, epsilon, interval, method=method, workers=1), rows)
        least = int(rng.integers(0, n + 1))
        sizes = (least, int(rng.integers(least, n + 1)))
        assert_holds(coverage(rows, epsilon, interval, sizes, method=method, workers=1), rows, sizes)


@pytest.mark.parametrize("method", METHODS)
def test_sizes_resolutions_and_ten_samples(method: str) -> None:
    rng = np.random.default_rng(1)
    rows = rng.uniform(-1, 1, (4, 10))
    for resolution in (None,) if method == "exact" else (None, 0.5, 0.03, 1e-4):
        found = coverage(rows, 0.04, method=method, resolution=resolution, workers=1)
        assert_holds(found, rows)
        for size in (0, 5, 10, (3, 4), (2, 9)):
            some = coverage(rows, 0.04, size=size, method=method, resolution=resolution, workers=1)
            assert_holds(some, rows, size if isinstance(size, tuple) else (size, size))


@pytest.mark.parametrize("method", METHODS)
def test_ties_at_two_epsilon(method: str) -> None:
    """A gap of exactly 2 epsilon is covered; in floats 0.1 and 0.3 are not three times each other, and that is what counts."""
    found = coverage([0.25, 0.25, 0.5], 0.125, (0.0, 1.0), method=method)
    assert found.status != Covered.NO
    assert found.first_n_lower <= 3 <= found.first_n_upper
    for rows, epsilon, interval in (
        ([[0.1, 0.2, 0.3, 0.4], [0.3, 0.6, 0.7, 0.1]], 0.05, (0.0, 1.0)),
        ([[0.3, 0.3, 0.3, 0.1]], 0.15, (-0.15, 1.05)),
        ([[1.0, -1.0, 1e-17, 2e-17], [1e-30, 1.0, 3.0, -1e-30]], 0.5, (-1.5, 1.5)),
        ([[2.0**-70, 1.0, 1.0, 1.0]], 0.5, (-0.5, 3.5 + 2.0**-51)),
    ):
        assert_holds(coverage(rows, epsilon, interval, method=method), np.array(rows))


def test_python_walk_decides_what_fixed_point_cannot() -> None:
    """A gap 2^-80 wider than 2 epsilon, beside samples of size 1."""
    rows = np.array([[1.0, 0.5 + 2.0**-40, 2.0**-41, -1.0], [2.0**-80, 1.0, 1.0, 0.0], [-(2.0**-80), 1.0, 1.0, 0.0]])
    assert_holds(coverage(rows, 0.5, (-0.5, 2.5), method="exact"), rows)
    assert coverage(rows[1:], 0.5, (-0.5, 2.5), method="exact").first_n_upper.tolist() == [3, 3]
    tail = np.array([[1.0, 2.0 + 2.0**-51, 2.0**-90]])
    assert coverage(tail, 0.5, (-0.5, 2.0), method="exact").status == Covered.NO
    for row in (*rows.tolist(), tail[0].tolist()):
        for sizes in (None, (1, 2)):
            assert first_prefix(row, 0.5, (-0.5, 2.5), sizes) == reference.first_prefix(row, 0.5, (-0.5, 2.5), sizes)


def test_grid_brackets_the_walk_beyond_brute_force() -> None:
    rows = np.random.default_rng(2).uniform(-1, 1, (300, 16))
    for epsilon, interval, size in ((0.003, (-0.5, 0.5), None), (0.01, (-2.0, 3.0), None), (0.004, (-0.5, 0.5), 5)):
        exact = coverage(rows, epsilon, interval, size, method="exact")
        for resolution in (None, epsilon / 40):
            grid = coverage(rows, epsilon, interval, size, method="grid", resolution=resolution)
            assert (grid.lower <= exact.upper).all()
            assert (exact.lower <= grid.upper).all()
            assert (grid.gap_lower <= exact.gap_upper).all()
            assert (exact.gap_lower <= grid.gap_upper).all()
            assert (grid.first_n_lower <= exact.first_n_lower).all()
            assert (exact.first_n_upper <= grid.first_n_upper).all()
        auto = coverage(rows, epsilon, interval, size)
        for name in ("status", "first_n_lower", "first_n_upper"):
            np.testing.assert_array_equal(getattr(auto, name), getattr(exact, name))
        assert (grid.upper - grid.lower).mean() < 0.02  # negative control: the bounds say something


def test_many_samples() -> None:
    """Beyond 28 samples "auto" may leave rows open, and says so; the walk still decides."""
    rows = 0.02 * np.random.default_rng(4).uniform(-1, 1, (2, 30))
    grid, auto = (coverage(rows, 1e-4, (-0.05, 0.05), method=method, resolution=5e-5) for method in ("grid", "auto"))
    exact = coverage(rows, 1e-4, (-0.05, 0.05), method="exact")
    assert (exact.status == Covered.YES).all()
    assert (auto.first_n_lower < auto.first_n_upper).all()
    np.testing.assert_array_equal(auto.status, grid.status)
    assert ((grid.first_n_lower <= exact.first_n_lower) & (exact.first_n_upper <= grid.first_n_upper)).all()
    assert coverage(rows, 1e-4, (-0.05, 0.05), resolution=1e-6).first_n_upper.tolist() == exact.first_n_upper.tolist()


ROWS = st.lists(st.one_of(st.floats(-2, 2), st.integers(-8, 8).map(lambda i: i / 4)), min_size=1, max_size=7)


@FIXED
@given(ROWS, st.floats(0.01, 1), st.sampled_from([(-0.5, 0.5), (0.0, 2.0), (-3.0, -1.0)]))
def test_laws(row: list[float], epsilon: float, interval: tuple[float, float]) -> None:
    """More samples or more epsilon never hurt; the order does not matter; a sign flip mirrors, a scale scales."""
    found = coverage(row, epsilon, interval)
    assert coverage([*row, 0.3], epsilon, interval).upper >= found.lower
    assert coverage([*row, 0.3], epsilon, interval).status >= (found.status == Covered.YES)
    assert coverage(row, 1.5 * epsilon, interval).upper >= found.lower
    assert coverage(row, 1.5 * epsilon, interval).first_n_upper <= found.first_n_upper
    for other in (
        coverage(row[::-1], epsilon, interval),
        coverage([-x for x in row], epsilon, (-interval[1], -interval[0])),
        coverage([8 * x for x in row], 8 * epsilon, (8 * interval[0], 8 * interval[1])),
    ):
        assert other.lower == pytest.approx(found.lower, abs=1e-14)
        assert other.status == found.status


def test_prefixes_by_hand() -> None:
    """Sums outside the interval come back: 3 + -2.75 = 0.25."""
    found = coverage([3.0, -2.75, 0.0, -3.25], 0.25, (-0.5, 0.5), method="exact")
    assert found.first_n_lower == found.first_n_upper == 4
    assert coverage([3.0, -2.75, 0.0], 0.25, (-0.5, 0.5)).lower == pytest.approx(0.75)
    assert coverage([0.1], 2.0).first_n_upper == 0  # the empty subset suffices
    assert coverage([[0.5, 0.25]], 0.01, (1.0, 2.0)).upper == 0
    assert coverage([0.5, 0.25], 0.5, (0.0, 1.0), size=0).upper == pytest.approx(0.5)


@pytest.mark.parametrize("method", METHODS)
def test_the_answer_does_not_depend_on_workers_or_batch(method: str) -> None:
    rows = np.random.default_rng(3).uniform(-1, 1, (60, 2, 11))
    one, two = (coverage(rows, 0.01, method=method, workers=w) for w in (1, 3))
    alone = coverage(rows[7, 1], 0.01, method=method)
    for name in ("lower", "upper", "gap_lower", "gap_upper", "first_n_lower", "first_n_upper", "status", "resolution"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
        assert getattr(one, name).shape == (60, 2)
        assert getattr(alone, name) == getattr(one, name)[7, 1]
        assert np.ndim(getattr(alone, name)) == 0


def test_a_grid_too_fine_is_coarsened_and_says_so() -> None:
    found = coverage([[1e6, -2e6, 0.5, 3e5]], 1e-3, method="grid")
    assert found.resolution > 1e-3 / 8
    assert found.lower <= 0.002 <= found.upper
    found = coverage([[0.3, -0.2, 0.1]], 0.03, method="grid", resolution=1e-30)
    assert_holds(found, np.array([[0.3, -0.2, 0.1]]))
    assert 1e-30 < found.resolution[0] < 1e-6
    assert coverage([[1e6, -2e6, 0.5, 3e5]], 1e-3).status == Covered.NO


def rate(eta: float, n: int, draws: int, seed: int) -> float:
    """Share of rows of n uniform samples that come within eta of every target in [-1/2, 1/2]."""
    return float(coverage(laws.Uniform().sample((draws, n), seed), eta).covered.mean())


GOLDEN = {(0.03, 8): 0.505, (0.03, 9): 0.753, (0.03, 10): 0.908, (0.03, 11): 0.920,
          (0.01, 10): 0.543, (0.01, 11): 0.745, (0.01, 12): 0.878}  # fmt: skip


@pytest.mark.parametrize(("eta", "n"), GOLDEN)
def test_simulated_success_rates_of_theory(eta: float, n: int) -> None:
    """Theory 1.5 lists simulated rates without their number of rows; of 400 rows each, 4.5 standard deviations of their difference to
    2,000 rows of ours alarm falsely with probability 7e-6 a rate."""
    golden = GOLDEN[eta, n]
    deviation = math.sqrt(golden * (1 - golden) * (1 / 400 + 1 / 2000))
    assert abs(rate(eta, n, 2000, n) - golden) < 4.5 * deviation


def test_first_n_is_the_distribution_of_the_process() -> None:
    """The share of rows whose first prefix is <= n is the rate of rows of n samples: independent rows, 5 standard deviations (6e-7)."""
    draws = 4000
    first = coverage(laws.Uniform().sample((draws, 14), 5), 0.03).first_n_upper
    for n in (8, 10):
        p = float((first <= n).mean())
        assert abs(p - rate(0.03, n, draws, 6)) < 5 * math.sqrt(2 * p * (1 - p) / draws)
    # simulated: 8, 10 and 14 or 15 samples for 50, 90 and 99 %, from fewer rows
    assert np.abs(np.quantile(first, [0.5, 0.9, 0.99]) - [8, 10, 14.5]).max() <= 1


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([], 0.1), ValueError, "empty"),
        ((0.5, 0.1), ValueError, "shape"),
        (([math.nan], 0.1), ValueError, "finite"),
        (([1.0], 0.0), ValueError, "epsilon must be > 0"),
        (([1.0], "x"), TypeError, "epsilon"),
        (([1.0], 0.1, (0.5, 0.5)), ValueError, "start < end"),
        (([1.0], 0.1, (0.5, math.inf)), ValueError, "finite"),
        (([1.0], 0.1, (0.0, 1.0), 2), ValueError, "least <= n = 1"),
        (([1.0], 0.1, (0.0, 1.0), (1, 0)), ValueError, "least <= largest"),
        (([1.0], 0.1, (0.0, 1.0), 0.5), TypeError, "integer"),
        (([1e308, 1e308], 0.1), ValueError, "overflow"),
    ],
)
def test_misuse(arguments: tuple, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        coverage(*arguments)


def test_misuse_of_methods() -> None:
    with pytest.raises(ValueError, match="unknown method 'gird'; choose one of 'auto', 'exact', 'grid'"):
        coverage([1.0], 0.1, method="gird")
    with pytest.raises(ValueError, match="resolution belongs to the grid"):
        coverage([1.0], 0.1, method="exact", resolution=0.1)
    with pytest.raises(ValueError, match="at most 44"):
        coverage(np.ones(MAX_EXACT + 1), 0.1, method="exact")
    assert coverage(np.full(MAX_EXACT + 1, 0.125), 0.125, (0.0, 1.0)).status == Covered.YES
    with pytest.raises(ValueError, match="resolution must be > 0"):
        coverage([1.0], 0.1, resolution=-1.0)


def test_reading_it() -> None:
    alone = coverage([0.25, -0.5, 0.125], 0.0625, (-0.5, 0.5))
    assert repr(alone) == "Coverage(share=0.9375..0.9375, gap=0.0625..0.0625, first_n=> 3, NO)"
    assert "rows=2, samples=3" in repr(coverage(np.ones((2, 3)), 0.1))
    assert all(status.message for status in Covered)
