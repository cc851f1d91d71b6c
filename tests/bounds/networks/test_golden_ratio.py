"""Golden-ratio cells and their coupon collector, against greedy sums and counts in integers."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from slth.bounds.hypotheses import HypothesisError, HypothesisWarning
from slth.bounds.networks.golden_ratio import orseau_k, orseau_samples, orseau_samples_exact, orseau_samples_mean

GOLDEN = (math.sqrt(5) - 1) / 2


def missed(k: int, n: int) -> Fraction:
    """P(some of k given coupons out of 2k is not among n draws)."""
    return sum(
        ((-1) ** (j + 1) * math.comb(k, j) * Fraction(2 * k - j, 2 * k) ** n for j in range(1, k + 1)), Fraction()
    )


def test_numbers_of_three_errors() -> None:
    """Means were first simulated: 23, 59 and 99; the 99 % quantiles then read 59, 140 and 212."""
    k = [orseau_k(eps) for eps in (0.1, 0.01, 0.001)]
    assert k == [5, 10, 15]
    np.testing.assert_allclose(orseau_samples_mean(k), [22.833, 58.579, 99.547], atol=1e-3)
    assert orseau_samples_exact(k, 0.01).tolist() == [59, 135, 216]
    assert orseau_samples(k, 0.01).tolist() == [63, 139, 220]


@pytest.mark.parametrize("eps", [0.9, 0.5, 0.1, 1e-3, 1e-12, 1e-300])
def test_cells(eps: float) -> None:
    k = orseau_k(eps)
    assert k * math.log(GOLDEN) <= math.log(eps) < (k - 1) * math.log(GOLDEN)


def test_greedy_sums() -> None:
    """Random samples in the cells: 2,000 weights each within eps, from below."""
    rng = np.random.default_rng(1)
    for eps in (0.1, 0.01, 1e-4):
        k = orseau_k(eps)
        cells = GOLDEN ** (np.arange(1, k + 1) + rng.random((2000, k)))
        residual = rng.random(2000)
        for i in range(k):
            residual -= np.where(residual >= cells[:, i], cells[:, i], 0.0)
        assert (residual >= 0).all()
        assert (residual <= eps).all()


@pytest.mark.parametrize("k", [1, 2, 3, 7])
@pytest.mark.parametrize("delta", [0.999, 0.5, 0.1, 1e-3, 1e-9])
def test_exact_quantile(k: int, delta: float) -> None:
    n = orseau_samples_exact(k, delta)
    assert missed(k, n) <= Fraction(delta) < missed(k, n - 1)
    assert n <= orseau_samples(k, delta) + k


def test_mean_by_summing_the_tail() -> None:
    for k in (1, 2, 5):
        assert orseau_samples_mean(k) == pytest.approx(float(sum(missed(k, n) for n in range(40 * k + 60))), rel=1e-6)


def test_simulated_collector() -> None:
    rng = np.random.default_rng(2)
    k, delta, trials = 6, 0.1, 4000
    n = orseau_samples_exact(k, delta)
    coupons = rng.integers(0, 2 * k, (trials, n))
    failures = trials - np.all([(coupons == i).any(axis=1) for i in range(k)], axis=0).sum()
    assert abs(failures - delta * trials) < 6 * math.sqrt(trials * delta), "6 standard deviations"


def test_extremes() -> None:
    assert orseau_k(1e-300) == 1436
    assert orseau_samples(1436, 1e-300) == math.ceil(2872 * (math.log(1436) + 300 * math.log(10)))
    assert orseau_samples_exact(1, 1e-300) == math.ceil(300 * math.log2(10))
    assert orseau_samples_exact(1, 5e-324) == 1074
    n = orseau_samples_exact(8, 5e-324)
    assert missed(8, n) <= Fraction(5e-324) < missed(8, n - 1)


def test_hypotheses() -> None:
    for eps in (0, 1):
        with pytest.raises(HypothesisError, match="0 < eps < 1"):
            orseau_k(eps)
    with pytest.raises(HypothesisError, match="whole number k"):
        orseau_samples(2.5, 0.1)
    with pytest.raises(HypothesisError, match="0 < delta < 1"):
        orseau_samples_exact(3, 1)
    with pytest.raises(HypothesisError, match="whole number k"):
        orseau_samples_mean(0)
    with pytest.warns(HypothesisWarning, match="whole number k"):
        assert np.isnan(orseau_samples_exact([2, 0], 0.1)).tolist() == [False, True]


def test_the_exact_law_of_too_many_cells() -> None:
    with pytest.raises(HypothesisError, match="orseau_samples is a bound in closed form"):
        orseau_samples_exact(10**15, 0.01)
