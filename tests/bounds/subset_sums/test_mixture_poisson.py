"""Predictors of fixed-size random subset sum against draws of the samples, enumeration, and closed forms."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtr

from slth import laws
from slth.bounds.hypotheses import HypothesisError, HypothesisWarning
from slth.bounds.subset_sums.mixture_poisson import (
    _sample_variances,
    pattern_loss,
    rfss_density_threshold,
    rfss_expected,
    rfss_kmin,
    rfss_success_prob,
)
from slth.subset_sum import count, log2_expected


def averaged(n: int, k: int, eps: float, z: float, law: str, rows: int = 100_000) -> float:
    """E[1 - exp(-lambda(X))] over random samples: standard error at most 1 / (2 sqrt(rows))."""
    samples = laws.get(law).sample((rows, n), 7)
    spread = np.sqrt(samples.var(axis=1, ddof=1) * k * (n - k) / n)
    middle = (z - k / n * samples.sum(axis=1)) / spread
    share = ndtr(middle + eps / spread) - ndtr(middle - eps / spread)
    return float(-np.expm1(-math.comb(n, k) * share).mean())


@pytest.mark.parametrize(
    ("question", "law", "value"),
    [
        ((18, 9, 1e-4, 0), "normal", 0.675),
        ((18, 9, 1e-4, 0), "uniform", 0.823),
        ((18, 9, 1e-3, 2), "normal", 0.923),
        ((18, 9, 1e-3, 2), "uniform", 0.847),
        ((18, 5, 1e-3, 0), "normal", 0.935),
        ((20, 4, 1e-3, 1), "normal", 0.795),
        ((18, 3, 3e-3, 0), "normal", 0.678),
    ],
)
def test_predictions_are_those_made_before(question: Any, law: str, value: float) -> None:
    """Simulated: .683, .806, .905, .831, .935, .789, .645. The values were averages over random draws."""
    assert rfss_success_prob(*question, law) == pytest.approx(value, abs=0.006)


@pytest.mark.parametrize("law", ["normal", "uniform", "product", "uniform(0, 1)", "normal(1, 0.5)"])
@pytest.mark.parametrize(
    ("n", "k", "eps", "z"), [(18, 9, 1e-4, 1.0), (12, 3, 0.01, 0.5), (20, 17, 1e-3, 8.0), (6, 5, 0.05, 2.0)]
)
def test_the_prediction_is_the_mean_over_samples(n: int, k: int, eps: float, z: float, law: str) -> None:
    """False alarm: far below 1e-9 at 0.01, 6 standard errors; the rest is Lam and S^2 not being quite normal and gamma."""
    assert rfss_success_prob(n, k, eps, z, law) == pytest.approx(averaged(n, k, eps, z, law), abs=0.012)


def test_the_sum_of_everything_is_exact() -> None:
    assert rfss_success_prob(4, 4, 0.1, 1.0, "normal") == pytest.approx(ndtr(0.55) - ndtr(0.45), rel=1e-10)
    assert rfss_success_prob(2, 2, 0.5) == pytest.approx(1 - 0.75**2, rel=1e-12)
    assert rfss_success_prob(1, 1, 0.25, 0.5) == pytest.approx(0.25, rel=1e-12)


def test_prediction_where_lam_decides() -> None:
    """All but one of many: a sharp edge in Lam, on a grid of Lam alone (S^2 hardly varies)."""
    for n, k, eps, z in ((400, 399, 0.05, 3.0), (10_000, 9_990, 1e-20, 30.0), (2000, 1000, 1e-250, 20.0)):
        total = np.linspace(-9, 9, 400_001)
        spread = math.sqrt(k * (n - k) / n)
        u = (z - k / math.sqrt(n) * total) / spread
        log_subsets = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
        log_mean = log_subsets + math.log(2 * eps / spread) - 0.5 * u * u - 0.5 * math.log(2 * math.pi)
        weights = np.exp(-0.5 * total**2) / math.sqrt(2 * math.pi) * (total[1] - total[0])
        exact = float(weights @ -np.expm1(-np.exp(np.minimum(log_mean, 50))))
        assert rfss_success_prob(n, k, eps, z, "normal") == pytest.approx(exact, rel=0.01)


def test_prediction_grows_with_the_window_and_falls_with_the_target() -> None:
    assert (np.diff(rfss_success_prob(18, 6, np.logspace(-8, 1, 40))) >= -1e-9).all()
    assert (np.diff(rfss_success_prob(18, 6, 1e-3, np.linspace(0, 6, 40))) <= 1e-9).all()
    assert rfss_success_prob(18, 6, 1e-3, 1.0) == pytest.approx(rfss_success_prob(18, 6, 1e-3, -1.0), rel=1e-12)
    assert rfss_success_prob(10**6, 5 * 10**5, 1e-300) == pytest.approx(1)


@pytest.mark.parametrize("law", [laws.Uniform(-1, 2), laws.Normal(1, 2), laws.Product()])
def test_moments_of_the_sample_variance(law: Any) -> None:
    nodes, weights = _sample_variances(10, law)
    drawn = law.sample((200_000, 10), 3).var(axis=1, ddof=1)
    assert weights @ nodes == pytest.approx(law.variance, rel=1e-4)
    # 200,000 rows: standard error of a variance below 1%
    assert weights @ nodes**2 - law.variance**2 == pytest.approx(drawn.var(), rel=0.06)


def test_variance_of_the_sample_variance_by_enumeration() -> None:
    """Var(S^2) = (mu_4 - (n - 3) / (n - 1) sigma^4) / n, in fractions, for a law on {0, 1, 3}."""
    values, n = (Fraction(0), Fraction(1), Fraction(3)), 5
    mean = sum(values) / 3
    second, fourth = (sum((x - mean) ** j for x in values) / 3 for j in (2, 4))
    squares = [sum((x - sum(row) / n) ** 2 for x in row) / (n - 1) for row in itertools.product(values, repeat=n)]
    spread = sum(s * s for s in squares) / len(squares) - (sum(squares) / len(squares)) ** 2
    assert spread == (fourth - Fraction(n - 3, n - 1) * second**2) / n


def test_expected_numbers() -> None:
    assert rfss_expected(10, 1, 0.02, 0.3) == pytest.approx(10 * 0.02, rel=1e-12)
    assert rfss_expected(10, 2, 0.5, 2.0) == pytest.approx(45 * 0.5**2 / 8, rel=1e-12)  # triangular density
    assert rfss_expected(10, 4, 0.5, 2.0, "binary") == pytest.approx(210 * 4 / 16, rel=1e-12)
    one = ndtr(1.1 / math.sqrt(3)) - ndtr(0.9 / math.sqrt(3))
    assert rfss_expected(12, 3, 0.1, 1.0, "normal") == pytest.approx(220 * one, rel=1e-9)
    assert rfss_expected(5000, 2500, 1e-3) == math.inf
    both = rfss_expected(20, [5, 10], 1e-3, 1.0)
    np.testing.assert_allclose(np.log2(both), log2_expected(20, 1.0, 1e-3, sizes=[5, 10]).log2, rtol=1e-14)


def test_expected_numbers_as_counted() -> None:
    """20,000 uniform rows, six standard errors: false alarm 2e-9. A window ten percent wider is refused."""
    samples = laws.get("uniform").sample((20_000, 14), 11)
    found = count(samples, np.full(20_000, 1.0), 0.01, method="exact", workers=1).by_size.astype(float)
    for k in (2, 5, 7, 12):
        error = found[:, k].std() / math.sqrt(20_000)
        assert abs(found[:, k].mean() - rfss_expected(14, k, 0.01, 1.0)) < 6 * error
    error = found[:, 5].std() / math.sqrt(20_000)
    assert abs(found[:, 5].mean() - rfss_expected(14, 5, 0.011, 1.0)) > 6 * error


@pytest.mark.parametrize(
    ("n", "eps", "p", "z", "law"),
    [
        (20, 1e-3, 0.9, 0.5, "uniform"),
        (16, 0.05, 0.5, 0.0, "uniform"),
        (24, 1e-4, 0.3, 3.0, "normal"),
        (9, 0.2, 0.02, 6.0, "uniform(0, 1)"),
    ],
)
def test_the_smallest_size_is_the_first_that_will_do(n: int, eps: float, p: float, z: float, law: str) -> None:
    predictions = [rfss_success_prob(n, k, eps, z, law) for k in range(1, n + 1)]
    assert rfss_kmin(n, eps, p, z, law) == next(k for k, found in enumerate(predictions, 1) if found >= p)


def test_smallest_size_where_there_is_none() -> None:
    assert rfss_kmin(5, 1e-9, 0.9, 0.5) is None
    assert rfss_kmin(1, 0.1, 0.5) is None
    assert rfss_kmin(1, 0.6, 0.5) == 1
    sizes = rfss_kmin([5, 40], 1e-6, 0.9, 1.0)
    assert np.isnan(sizes[0])
    assert sizes[1] == rfss_kmin(40, 1e-6, 0.9, 1.0)


def test_smallest_size_moves_as_it_should() -> None:
    assert (np.diff(rfss_kmin([20, 40, 100, 1000], 1e-3, 0.9, 0.5)) <= 0).all()
    assert (np.diff(rfss_kmin(60, [1e-2, 1e-4, 1e-6, 1e-10], 0.9, 0.5)) > 0).all()
    assert (np.diff(rfss_kmin(60, 1e-6, [0.1, 0.5, 0.9, 0.99], 0.5)) >= 0).all()


def test_threshold_is_where_one_subset_is_expected() -> None:
    for n, eps, z, sigma in (
        (20, 1e-3, 0.0, 1.0),
        (100, 1e-20, 2.0, 0.5),
        (1000, 1e-100, 0.0, 1.0),
        (10**6, 1e-300, 0.0, 1.0),
    ):
        k = n * rfss_density_threshold(n, eps, z, sigma)
        log_subsets = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
        log_share = math.log(2 * eps / (sigma * math.sqrt(2 * math.pi * k))) - z * z / (2 * k * sigma**2)
        assert log_subsets + log_share == pytest.approx(0, abs=1e-3)  # narrow windows, up to their curvature
    assert rfss_density_threshold(100, 1.0) == 0.01  # one sample is enough
    assert rfss_density_threshold(2, 2.0) == 0.5


def test_threshold_moves_as_it_should() -> None:
    assert (np.diff(rfss_density_threshold(100, np.logspace(-25, -2, 20))) < 0).all()
    assert (np.diff(rfss_density_threshold([40, 80, 200, 1000], 1e-8)) < 0).all()
    assert (np.diff(rfss_density_threshold(100, 1e-10, [0.0, 1.0, 5.0, 10.0])) > 0).all()


def test_pattern_loss() -> None:
    np.testing.assert_allclose(pattern_loss([2, 1, 1, 1], [4, 4, 8, 2]), [0.646, 0.616, 0.690, 0.5], atol=5e-4)
    assert pattern_loss(2, 4) == pytest.approx(math.log2(6) / 4, rel=1e-14)
    growing = pattern_loss(2.0 ** np.arange(20), 4 * 2.0 ** np.arange(20))
    assert (np.diff(growing) > 0).all()
    assert 0.9999 < growing[-1] < 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: rfss_success_prob(10, 11, 0.1), "k <= n"),
        (lambda: rfss_success_prob(10, 3, -0.1), "eps > 0"),
        (lambda: rfss_expected(0, 0, 0.1), "whole number n >= 1"),
        (lambda: rfss_kmin(10, 0.1, 1.0), "0 < p < 1"),
        (lambda: rfss_kmin(10, 0.0, 0.5), "eps > 0"),
        (lambda: rfss_density_threshold(10, 1e-9), r"E\[Y\] >= 1"),
        (lambda: rfss_density_threshold(10, 0.1, 0.0, -1.0), "sigma > 0"),
        (lambda: pattern_loss(4, 4), "s <= B - 1"),
        (lambda: pattern_loss(0, 4), "whole number s >= 1"),
    ],
)
def test_hypotheses(call: Any, message: str) -> None:
    with pytest.raises(HypothesisError, match=message):
        call()


def test_laws_with_atoms_are_refused() -> None:
    with pytest.raises(ValueError, match="atoms"):
        rfss_success_prob(10, 3, 0.1, law="binary")
    with pytest.raises(ValueError, match="atoms"):
        rfss_kmin(10, 0.1, 0.5, law="mixture(0.5, discrete((0,)), product)")


def test_arrays_are_nan_where_a_hypothesis_fails() -> None:
    with pytest.warns(HypothesisWarning, match="k <= n"):
        values = rfss_success_prob([[10], [2]], [2, 3], 0.1)
    assert np.isnan(values).tolist() == [[False, False], [False, True]]
    assert values[0, 1] == rfss_success_prob(10, 3, 0.1)
    with pytest.warns(HypothesisWarning, match=r"E\[Y\] >= 1"):
        found = rfss_density_threshold([10, 100], 1e-9)
    assert np.isnan(found[0])
    assert found[1] == rfss_density_threshold(100, 1e-9)
    with pytest.warns(HypothesisWarning, match="p < 1"):
        assert np.isnan(rfss_kmin(20, 1e-2, [0.5, 2.0], 0.5)).tolist() == [False, True]


@pytest.mark.parametrize("n", [10**6, 10**12, 10**15])
def test_expected_of_very_many_samples(n: int) -> None:
    """Where Stirling's formula for n!, taken by itself, has no digits left."""
    eps = 1 / math.comb(n, 3)
    exact = 2 * eps * math.comb(n, 3) * math.exp(-0.25 / 6) / math.sqrt(6 * math.pi)
    assert rfss_expected(n, 3, eps, 0.5, "normal") == pytest.approx(exact, rel=1e-11)


def test_smallest_size_of_very_many_samples() -> None:
    n = 10**15  # more than memory has places
    k = rfss_kmin(n, 1e-20, 0.5)
    assert rfss_success_prob(n, k, 1e-20) >= 0.5 > rfss_success_prob(n, k - 1, 1e-20)
