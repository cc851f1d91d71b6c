"""Predictors of random subset sum against the published numbers, plain formulas and simulation; counting against fractions."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from scipy.integrate import trapezoid

from slth import laws
from slth.bounds.hypotheses import HypothesisError, HypothesisWarning
from slth.bounds.subset_sums.covering import rss_cover_prob, rss_n_counting, rss_n_first_moment, rss_target_prob
from slth.subset_sum import coverage


def plain(row: np.ndarray, eps: float, low: float, high: float) -> float:
    """The prediction of covering for one row of samples, straight from its definition, on a fine grid."""
    n, mean, sd = (row != 0).sum(), row.sum() / 2, math.sqrt((row**2).sum()) / 2
    z = np.linspace(low, high, 2001)
    rate = 2.0**n * np.exp(-(((z - mean) / sd) ** 2) / 2) / (sd * math.sqrt(2 * math.pi))
    if row[row > 0].sum() < high - eps or row[row < 0].sum() > low + eps:
        return 0.0
    hit = (2 - math.exp(-2 * eps * rate[0]) - math.exp(-2 * eps * rate[-1])) / 2
    return hit * math.exp(-trapezoid(rate * np.exp(-2 * eps * rate), z))


@pytest.mark.parametrize(
    ("eps", "n", "published", "simulated"),
    [
        (0.03, (8, 9, 10, 11), (0.486, 0.771, 0.893, 0.948), (0.505, 0.753, 0.908, 0.920)),
        (0.01, (10, 11, 12), (0.454, 0.759, 0.883), (0.543, 0.745, 0.878)),
    ],
)
def test_known_numbers(
    eps: float, n: tuple[int, ...], published: tuple[float, ...], simulated: tuple[float, ...]
) -> None:
    """Both were found with few rows (sampling error about 0.01 and 0.02), the predictions without the factor for the ends."""
    found = rss_cover_prob(n, eps)
    assert found == pytest.approx(published, abs=0.02)
    assert found == pytest.approx(simulated, abs=0.11)


@pytest.mark.parametrize("law", ["uniform", "product", "mixture(0.5, discrete((0,)), product)", "uniform(-0.5, 1)"])
def test_average_of_the_plain_formula(law: str) -> None:
    """Another 3,000 rows: standard error at most 0.5 / sqrt(3000) = 0.009, and 0.002 of the fixed draws; six of them are 0.056."""
    rows = laws.get(law).sample((3000, 9), np.random.default_rng(5))
    rows = rows[(rows != 0).any(axis=1)]
    for eps, low, high in ((0.03, -0.5, 0.5), (0.1, -0.2, 1.0)):
        average = np.mean([plain(row, eps, low, high) for row in rows])
        assert rss_cover_prob(9, eps, (low, high), law) == pytest.approx(average, abs=0.056)
    mean, sd = rows.sum(axis=1) / 2, np.sqrt((rows**2).sum(axis=1)) / 2
    for eps, z in ((0.001, 0.3), (0.01, -1.0)):
        rate = 2.0 ** (rows != 0).sum(axis=1) * np.exp(-(((z - mean) / sd) ** 2) / 2) / (sd * math.sqrt(2 * math.pi))
        inside = (np.maximum(rows, 0).sum(axis=1) >= z - eps) & (np.minimum(rows, 0).sum(axis=1) <= z + eps)
        average = np.mean(inside * (1 - np.exp(-2 * eps * rate)))
        assert rss_target_prob(9, eps, z, law) == pytest.approx(average, abs=0.056)


def test_covering_against_exact_coverage() -> None:
    """2,000 rows, 0.07 of tolerance and 0.05 of sampling error (more than four standard deviations)."""
    for law in ("uniform", "product"):
        samples = laws.get(law).sample((2000, 12), np.random.default_rng(6))
        first = coverage(samples, 0.05, workers=1).first_n_upper
        n = np.arange(8, 13)
        simulated = (first[:, None] <= n).mean(axis=0)
        np.testing.assert_allclose(rss_cover_prob(n, 0.05, law=law), simulated, atol=0.12)
        assert np.abs(rss_cover_prob(n, 0.15, law=law) - simulated).max() > 0.12, "control: another eps"


def test_same_answer_and_shapes() -> None:
    once = rss_cover_prob([9, 12], [[0.01], [0.03]])
    assert once.shape == (2, 2)
    assert isinstance(rss_cover_prob(9, 0.01), float)
    # entry by entry, bit for bit, whatever else is asked for
    assert once[1, 0] == rss_cover_prob(9, 0.03)
    assert once[0, 1] == rss_cover_prob([30, 12], 0.01)[1]
    assert rss_target_prob(9, 0.01, np.zeros((2, 1, 3))).shape == (2, 1, 3)


def test_monotone_and_limits() -> None:
    p = rss_cover_prob(np.arange(4, 30), 0.05)
    assert (np.diff(p[:12]) > 0).all()
    assert p[-1] > 0.999
    p = rss_target_prob(10, np.geomspace(1e-12, 1, 30), 0.3)
    assert (np.diff(p[p < 1]) > 0).all()
    assert p[-1] == 1.0
    assert p[0] == pytest.approx(rss_target_prob(10, 1e-14, 0.3) * 100, rel=1e-6), "linear in a small eps"
    assert rss_target_prob(10, 0.01, 100.0) == 0.0
    assert rss_target_prob(2000, 1e-300, 0.5) > 0.999
    assert rss_cover_prob(10**6, 1e-300) == 1.0


@pytest.mark.parametrize("law", ["uniform", "normal", "uniform(-0.5, 1)", "mixture(0.2, discrete((0,)), uniform)"])
def test_gaussian_moments_continue_the_draws(law: str) -> None:
    """n = 256 is averaged over draws, n = 257 over Gaussian sums: one sample more does what twice the eps does (or less, with an atom)."""
    eps = 2.0 ** -np.array([196.0, 202, 208, 250, 256, 258])
    p = rss_target_prob([[256], [257]], np.concatenate([eps, 2 * eps]), 128 * laws.get(law).mean + 3, law)
    below, above, doubled = p[0, :6], p[1, :6], p[0, 6:]
    assert (below <= above + 0.01).all()
    assert (above <= doubled + 0.01).all()
    # no jump: with an atom at 0 one sample more does less, the more so the larger the atom
    assert (above - below >= 0.4 * (doubled - below) - 0.01).all()
    assert np.any((below > 0.05) & (below < 0.95)), "not only 0 and 1"


def test_all_samples_missing() -> None:
    """With probability 1/4 both samples are 0; the empty sum hits targets next to 0 anyway, and nothing hits those a little further."""
    law = "mixture(0.5, discrete((0,)), uniform(1, 2))"
    assert rss_target_prob(2, 0.01, 0.0, law) == 1.0
    assert rss_target_prob(2, 0.01, 0.02, law) < 0.01
    assert rss_cover_prob(2, 1e-4, (-1e-4, 1e-4), law) == 1.0
    assert rss_cover_prob(2, 1e-4, (-1e-4, 3e-4), law) < 0.01


def test_laws_with_atoms_are_refused() -> None:
    for law in ("binary", "grid", "mixture(0.5, binary, uniform)", "discrete((0,))"):
        with pytest.raises(ValueError, match="need a density"):
            rss_cover_prob(10, 0.1, law=law)


def test_counting() -> None:
    assert rss_n_counting(0.01) == 6
    assert rss_n_counting(2.0**-11) == 10
    assert rss_n_counting(np.nextafter(2.0**-11, 0)) == 11
    assert rss_n_counting(np.nextafter(2.0**-11, 1)) == 10
    assert rss_n_counting(1.0) == 0
    assert rss_n_counting(1e-300, 1e300) == 1994
    assert rss_n_counting(5e-324, 1.0) == 1074
    rng = np.random.default_rng(2)
    for eps, L in (10 ** rng.uniform(-20, 20, (200, 2))).tolist():
        n = 0
        while Fraction(eps) * 2**n < Fraction(L):
            n += 1
        assert rss_n_counting(eps, L) == n


def test_first_moment() -> None:
    assert rss_n_first_moment(0.01, 0.9) == math.ceil(math.log2(1 + 0.9 / 0.01))
    assert rss_n_first_moment(1e-300, 1.0) == math.ceil(300 * math.log2(10))
    assert rss_n_first_moment(10.0, 0.5) == 1, "the empty sum does not count"
    # it never exceeds what is predicted to be enough
    for eps in (0.01, 0.001):
        n = rss_n_first_moment(eps, 0.5)
        assert rss_target_prob(n - 1, eps, 0.5) < 0.5


def test_hypotheses() -> None:
    for call, message in (
        (lambda: rss_target_prob(0, 0.1, 0.0), "a whole number n >= 1"),
        (lambda: rss_target_prob(5, 0.0, 0.0), "eps > 0"),
        (lambda: rss_cover_prob(5, 0.1, (0.5, 0.5)), "low < high"),
        (lambda: rss_n_counting(-1.0), "eps > 0"),
        (lambda: rss_n_counting(0.1, 0.0), "L > 0"),
        (lambda: rss_n_first_moment(0.1, 1.1), "0 < p <= 1"),
        (lambda: rss_n_first_moment(0.1, 1.0, 0.0), "D > 0"),
    ):
        with pytest.raises(HypothesisError, match=message):
            call()
    with pytest.warns(HypothesisWarning, match="eps > 0"):
        assert np.isnan(rss_cover_prob(9, [0.1, -0.1])).tolist() == [False, True]


@pytest.mark.parametrize("interval", [3, (0, 1, 2), None])
def test_an_interval_is_a_pair(interval: Any) -> None:
    with pytest.raises(ValueError, match=r"interval must be a pair, smallest and largest target, got"):
        rss_cover_prob(5, 0.1, interval)


def test_the_empty_sum_is_a_subset_sum() -> None:
    np.testing.assert_array_equal(rss_target_prob([1, 2, 500], 0.4, [0.3, -0.4, 0.0]), 1.0)
    assert rss_target_prob(1, 0.4, 0.41) < 1
    assert rss_cover_prob(1, 0.5) == 1.0
    assert rss_cover_prob(1, 0.5, (-0.51, 0.5)) < 1


@pytest.mark.parametrize("n", [1e17, 1e30, 1e300])
def test_more_samples_than_float64_counts(n: float) -> None:
    with pytest.raises(HypothesisError, match=r"needs n <= 2\^53"):
        rss_cover_prob(n, 0.1)
    with pytest.raises(HypothesisError, match=r"needs n <= 2\^53"):
        rss_target_prob(n, 0.1, 0.5)
