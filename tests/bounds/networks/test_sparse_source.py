"""Sources with missing or locked weights: slow twins, limits, extreme values, and random masks drawn."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from slth.bounds import HypothesisError, HypothesisWarning
from slth.bounds.networks.sparse_source import (
    er_samples,
    er_samples_chernoff,
    er_slt_width,
    er_width,
    er_width_factor,
    locked_shift,
)


def fewer(n: int, r: int, p: Fraction) -> Fraction:
    """P(Bin(n, p) < r), from the definition."""
    return sum((math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(min(r, n + 1))), Fraction(0))


def test_factor() -> None:
    assert er_width_factor(0.5) == pytest.approx(1 / math.log(2))
    assert er_width_factor(1 - math.exp(-1)) == pytest.approx(1)
    assert er_width_factor(1e-12) == pytest.approx(1e12)
    p = np.linspace(0.01, 0.99, 50)
    assert (np.diff(er_width_factor(p)) < 0).all()
    assert (er_width_factor(p) < 1 / p).all()


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("delta", [0.3, 1e-3, 1e-200])
def test_width_counts_edges(p: float, delta: float) -> None:
    group = next(g for g in range(1, 10_000) if g * math.log1p(-p) <= math.log(delta))
    assert er_width(7, p, delta) == 7 * group


def test_slt_width_is_the_dense_one_times_the_factor() -> None:
    dense = 3.0 * 20 * math.log(1 / 1e-3)
    assert er_slt_width(20, 0.3, 0.01, 0.1, 3.0, rho=100.0) == math.ceil(dense * er_width_factor(0.3))
    assert er_slt_width(20, 0.3, 1e-3, 0.1, 3.0) == math.ceil(dense * er_width_factor(0.3))
    assert er_slt_width(1, 0.5, 1e-300, 1e-300, 1.0, rho=1e300) == math.ceil(600 * math.log(10) / math.log(2))


@pytest.mark.parametrize("r", [1, 2, 5, 17])
@pytest.mark.parametrize("p", [Fraction(1, 8), Fraction(1, 2), Fraction(7, 8)])
@pytest.mark.parametrize("delta", [0.4, 0.013, 1e-6])
def test_samples_are_the_fewest(r: int, p: Fraction, delta: float) -> None:
    n = er_samples(r, float(p), delta)
    assert fewer(n, r, p) <= delta < fewer(n - 1, r, p)
    assert er_samples_chernoff(r, float(p), delta) >= n


def test_samples_at_the_extremes() -> None:
    assert er_samples(13, 1.0, 1e-300) == 13
    # one sample, tiny p: (1 - p)^n <= delta
    assert er_samples(1, 1e-9, 0.01) == pytest.approx(math.log(100) * 1e9, rel=1e-8)
    many = er_samples(10**6, 0.25, 1e-300)
    deviation = math.sqrt(10**6 * 0.75) / 0.25
    assert many == pytest.approx(4 * 10**6 + 37.0 * deviation, rel=2e-3), "the quantile of 1e-300 is 37.0 deviations"
    assert many <= er_samples_chernoff(10**6, 0.25, 1e-300)
    assert er_samples(5, 1e-200, 0.1) > 1e200


def test_samples_are_monotone() -> None:
    n = er_samples(np.arange(1, 60), 0.3, 0.01)
    assert (np.diff(n) >= 1).all()
    assert (np.diff(er_samples(20, np.linspace(0.05, 1, 40), 0.01)) <= 0).all()
    assert (np.diff(er_samples(20, 0.3, np.logspace(-200, -1, 40))) <= 0).all()


def test_drawn_masks_leave_enough() -> None:
    """With er_samples edges fewer than 12 remain in at most a share of 0.05: 10^5 draws, false alarm below 1e-9 (6 deviations)."""
    n = er_samples(12, 0.35, 0.05)
    left = np.random.default_rng(0).random((100_000, n)) < 0.35
    share = (left.sum(axis=1) < 12).mean()
    assert share <= 0.05 + 6 * math.sqrt(0.05 * 0.95 / 100_000)
    one_fewer = (left[:, :-4].sum(axis=1) < 12).mean()
    assert one_fewer > 0.05 + 6 * math.sqrt(0.05 * 0.95 / 100_000), "negative control: four edges fewer are too few"


def test_locked_shift() -> None:
    assert locked_shift(0, 0.1) == 0
    assert locked_shift(50, 2 * math.exp(-1), 3.0) == pytest.approx(30)
    assert math.isfinite(locked_shift(10**6, 1e-300))
    sums = np.random.default_rng(1).uniform(-1, 1, (20_000, 30)).sum(axis=1)
    assert (np.abs(sums) > locked_shift(30, 0.05)).mean() < 0.05


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: er_width_factor(1.0), "0 < p < 1"),
        (lambda: er_width(0, 0.5, 0.1), "whole number width"),
        (lambda: er_width(3, 0.0, 0.1), "0 < p < 1"),
        (lambda: er_width(3, 0.5, 1.0), "0 < delta < 1"),
        (lambda: er_slt_width(3, 0.5, 1.0, 0.1, 1.0), "0 < eps < 1"),
        (lambda: er_slt_width(3, 0.5, 0.1, 0.1, 0.0), "C > 0"),
        (lambda: er_slt_width(3, 0.5, 0.1, 0.1, 1.0, rho=0.5), "rho >= 1"),
        (lambda: er_samples(0, 0.5, 0.1), "whole number n_rss"),
        (lambda: er_samples(2.5, 0.5, 0.1), "whole number n_rss"),
        (lambda: er_samples(2, 0.0, 0.1), "0 < p <= 1"),
        (lambda: er_samples_chernoff(2, 0.5, 0.0), "0 < delta < 1"),
        (lambda: locked_shift(-1, 0.1), "whole number n_locked"),
        (lambda: locked_shift(1, 0.1, 0.0), "largest > 0"),
    ],
)
def test_hypotheses(call, words: str) -> None:
    with pytest.raises(HypothesisError, match=words):
        call()


def test_arrays_are_nan_where_a_hypothesis_fails() -> None:
    with pytest.warns(HypothesisWarning, match="0 < p <= 1"):
        found = er_samples(3, [0.0, 0.5, 1.0], 0.1)
    assert np.isnan(found[0])
    assert found[1:].tolist() == [er_samples(3, 0.5, 0.1), 3]
    with pytest.warns(HypothesisWarning, match="0 < p < 1"):
        assert np.isnan(er_width_factor([0.2, 1.0])).tolist() == [False, True]


def test_scalars_give_python_numbers() -> None:
    assert type(er_samples(3, 0.5, 0.1)) is int
    assert type(er_width(3, 0.5, 0.1)) is int
    assert type(er_width_factor(0.5)) is float
    assert er_samples(np.ones((2, 1)), [0.1, 0.2, 0.3], 0.1).shape == (2, 3)
