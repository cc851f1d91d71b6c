"""Entropy and binomials, against integers, fractions and closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from slth.bounds import HypothesisError, HypothesisWarning
from slth.bounds.statement import STATEMENTS
from slth.bounds.subset_sums.binomials import (
    binary_entropy,
    binom_entropy_bounds,
    log2_binom,
    log2_binom_sum,
    log2_subnetworks,
)


def entropy_twin(p: float) -> float:
    return -sum(q * math.log2(q) for q in (p, 1 - p) if q)


def test_entropy_of_simple_coins() -> None:
    assert binary_entropy(0.5) == 1.0
    assert binary_entropy(0) == binary_entropy(1) == 0.0
    assert math.copysign(1, binary_entropy(0)) == 1
    assert binary_entropy(0.25) == pytest.approx(2 - 0.75 * math.log2(3), rel=1e-15)
    shares = np.linspace(0, 1, 101)
    np.testing.assert_allclose(binary_entropy(shares), [entropy_twin(p) for p in shares], rtol=1e-14, atol=1e-15)
    assert isinstance(binary_entropy(0.3), float)


def test_entropy_at_the_ends() -> None:
    """H2(p) = p log2(e/p) - p^2 log2(e)/2 - ..., to full relative precision."""
    for p in (1e-300, 1e-20, 1e-10, 2.0**-53):
        assert binary_entropy(p) == pytest.approx(p * (math.log2(math.e) - math.log2(p)), rel=2 * p + 3e-16)
    assert binary_entropy(1 - 2.0**-53) == pytest.approx(binary_entropy(2.0**-53), rel=1e-14)


def test_binomials_against_integers() -> None:
    for n in (0, 1, 2, 3, 10, 31, 100, 1000):
        expected = [math.log2(math.comb(n, k)) for k in range(n + 1)]
        np.testing.assert_allclose(log2_binom(n, np.arange(n + 1)), expected, rtol=2e-15, atol=2e-14)


@pytest.mark.parametrize("n", [10**6, 10**9, 10**12, 10**15, 2**53])
def test_binomials_of_large_numbers(n: int) -> None:
    for k in (0, 1, 2, 3, 7, 20):
        expected = math.log2(math.comb(n, k))
        assert log2_binom(n, k) == pytest.approx(expected, rel=1e-15, abs=1e-14)
        assert log2_binom(n, n - k) == pytest.approx(expected, rel=1e-15, abs=1e-14)
    # Wallis with its next term, 1/(4 n) of C(n, n/2)
    middle = n - 0.5 * math.log2(math.pi * n / 2) - math.log2(math.e) / (4 * n)
    assert log2_binom(n, n // 2) == pytest.approx(middle, rel=1e-15)


def test_the_plain_formula_is_worse() -> None:
    """Negative control: what the series of the remainder is for."""
    from scipy.special import gammaln

    n, k = 1e15, 3.0
    plain = (gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)) / math.log(2)
    assert abs(plain - math.log2(math.comb(10**15, 3))) > 0.1


def test_pascal() -> None:
    n, k = (v.ravel() for v in np.meshgrid(np.arange(2, 200), np.arange(1, 199)))
    inside = k < n
    n, k = n[inside], k[inside]
    together = np.logaddexp2(log2_binom(n - 1, k - 1), log2_binom(n - 1, k))
    np.testing.assert_allclose(log2_binom(n, k), together, rtol=1e-14, atol=1e-14)


def test_entropy_bounds() -> None:
    both = binom_entropy_bounds(2, 1)
    assert both.log2_lower == pytest.approx(1.0, abs=1e-15), "attained"
    for n in (2, 3, 5, 30, 300):
        k = np.arange(1, n)
        bounds, exact = binom_entropy_bounds(n, k), log2_binom(n, k)
        assert (bounds.log2_lower <= exact + 1e-13).all()
        assert (exact < bounds.log2_upper).all()
        np.testing.assert_allclose(bounds.log2_upper - bounds.log2_lower, 0.5 * math.log2(4 / math.pi), atol=1e-12)
        shares = np.array([n * entropy_twin(i / n) + 0.5 * math.log2(n / (8 * i * (n - i))) for i in range(1, n)])
        np.testing.assert_allclose(bounds.log2_lower, shares, rtol=1e-12, atol=1e-12)
    large = binom_entropy_bounds(10**15, 3)
    assert large.log2_lower < math.log2(math.comb(10**15, 3)) < large.log2_upper


def test_sums() -> None:
    for n, k in ((1, 0), (1, 1), (10, 3), (50, 50), (1000, 7)):
        bounds = log2_binom_sum(n, k)
        together = math.log2(sum(math.comb(n, i) for i in range(k + 1)))
        assert bounds.log2_lower <= math.log2(math.comb(n, k)) + 1e-13
        assert together <= bounds.log2_upper
        assert bounds.log2_upper - bounds.log2_lower == pytest.approx(k * math.log2(math.e))
    assert log2_binom_sum(5, 0).log2_upper == log2_binom_sum(0, 0).log2_lower == 0.0
    np.testing.assert_array_equal(log2_binom_sum([4, 5], 0).log2_upper, [0, 0])


def test_subnetworks() -> None:
    assert log2_subnetworks(10, 0.3) == pytest.approx(math.log2(120), rel=1e-13)
    assert log2_subnetworks(7, 0) == log2_subnetworks(7, 1) == 0.0
    for density in (0.1, 0.5, 0.9):
        m = 10**6
        leading = m * entropy_twin(density) - 0.5 * math.log2(2 * math.pi * m * density * (1 - density))
        assert log2_subnetworks(m, density) == pytest.approx(leading, abs=1e-4)
    densities = np.linspace(0, 0.5, 400)
    for m in (1, 3, 100, 10**9):
        numbers = log2_subnetworks(m, densities)
        assert (np.diff(numbers) > 0).all(), "more up to one half"
        np.testing.assert_allclose(log2_subnetworks(m, 1 - densities), numbers, rtol=1e-9, atol=1e-12)


def test_between_whole_sizes_the_gamma_functions() -> None:
    """Gamma(m+1) / (Gamma(k+1) Gamma(m-k+1)) at k = 1/2, m = 1: 1 / Gamma(3/2)^2 = 4/pi."""
    assert log2_subnetworks(1, 0.5) == pytest.approx(math.log2(4 / math.pi), rel=1e-13)
    tiny = 1e-12
    assert log2_subnetworks(1, tiny) == pytest.approx(tiny * math.log2(math.e), abs=1e-14)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: binary_entropy(1.1), "0 <= p <= 1"),
        (lambda: binary_entropy(-1e-9), "0 <= p <= 1"),
        (lambda: log2_binom(3, 4), "k <= n"),
        (lambda: log2_binom(3.5, 1), "whole number n"),
        (lambda: log2_binom(3, -1), "whole number k"),
        (lambda: binom_entropy_bounds(3, 3), "k <= n - 1"),
        (lambda: binom_entropy_bounds(3, 0), "whole number k >= 1"),
        (lambda: log2_binom_sum(3, 4), "k <= n"),
        (lambda: log2_subnetworks(0, 0.5), "whole number m >= 1"),
        (lambda: log2_subnetworks(5, 1.5), "0 <= density <= 1"),
    ],
)
def test_outside_the_hypotheses(call: object, match: str) -> None:
    with pytest.raises(HypothesisError, match=match):
        call()  # type: ignore[operator]


def test_arrays_are_nan_outside() -> None:
    with pytest.warns(HypothesisWarning, match="k <= n"):
        found = log2_binom([4, 5], [[5], [2]])
    np.testing.assert_array_equal(np.isnan(found), [[True, False], [False, False]])
    with pytest.warns(HypothesisWarning, match="0 <= p <= 1"):
        assert np.isnan(binary_entropy([2.0])).all()
    with pytest.warns(HypothesisWarning, match="k <= n - 1"):
        bounds = binom_entropy_bounds(4, [1, 4])
    assert np.isnan(bounds.log2_lower[1])
    assert np.isnan(bounds.log2_upper[1])


def test_in_the_catalogue() -> None:
    for name in ("binary_entropy", "log2_binom", "binom_entropy_bounds", "log2_binom_sum", "log2_subnetworks"):
        assert STATEMENTS[name].checked
        assert "Source" in (STATEMENTS[name].function.__doc__ or "")


def test_power_sum_bounds_of_nearly_all() -> None:
    """k log2(n / k) for k = n - 1 and a large n is 1 / ln 2, up to 1 / (2 n): the rounding of n / k must not be multiplied by k."""
    n = 10**15
    found = log2_binom_sum(n, n - 1)
    assert found.log2_lower == pytest.approx(1 / math.log(2), rel=1e-14)
