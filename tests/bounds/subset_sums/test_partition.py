"""Number partitioning: the formulas against their definitions, enumeration and limits."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest

from slth.bounds import HypothesisError, HypothesisWarning
from slth.bounds.subset_sums.constrained_partition import npp_bias_c, npp_kappa_c_constrained
from slth.bounds.subset_sums.partition import (
    bcp_rho,
    npp_discrepancy,
    npp_expected_perfect,
    npp_kappa_c,
    npp_perfect_prob,
    npp_solvable_prob,
)


def rho_twin(n: int, M: int, z: int) -> float:
    """By E X^2, which the paper writes as M^2 c_M."""
    square = sum(x * x for x in range(1, M + 1)) / M
    return float(2 ** (n + 1) / math.sqrt(2 * math.pi * n * square) * math.exp(-z * z / (2 * n * square)))


@pytest.mark.parametrize("n", [2, 5, 20, 60])
@pytest.mark.parametrize("M", [2, 3, 10, 1000])
def test_rho(n: int, M: int) -> None:
    for z in (0, 1, 2, M, 3 * M):
        assert bcp_rho(n, M, z) == pytest.approx(rho_twin(n, M, z), rel=1e-12)
    assert bcp_rho(n, M) == bcp_rho(n, M, 0)


def test_rho_is_the_expected_number_of_partitions() -> None:
    """All 3^9 vectors of 9 integers of 1..3, all sign vectors: within 10 percent near the middle (1/n), not 30 percent (control)."""
    n, M = 9, 3
    vectors = np.array(list(product(range(1, M + 1), repeat=n)))
    totals = vectors.sum(axis=1)
    counts = np.zeros((len(vectors), n * M + 1))
    for signs in product((1, -1), repeat=n - 1):  # each partition once: the last sign is +
        np.add.at(counts, (np.arange(len(vectors)), np.abs(vectors @ np.array([*signs, 1]))), 1)
    for z in range(5):
        mean = counts[totals % 2 == z % 2, z].mean() * (2 if z == 0 else 1)
        assert mean == pytest.approx(bcp_rho(n, M, z), rel=0.1)
        assert mean != pytest.approx(1.3 * bcp_rho(n, M, z), rel=0.1)


def test_kappa_is_where_one_perfect_partition_is_expected() -> None:
    for n in (12, 30, 52):
        M = round(2 ** (n * npp_kappa_c(n)))
        assert npp_expected_perfect(n, M) == pytest.approx(1, rel=1 / M)
        assert npp_expected_perfect(n, 2 * M) == pytest.approx(0.5, rel=1 / M)
    assert npp_kappa_c(10) == pytest.approx(1 - math.log2(10 * math.pi / 6) / 20, rel=1e-15)
    assert npp_kappa_c(10**15) == pytest.approx(1, abs=1e-13)
    assert (np.diff(npp_kappa_c(np.arange(6, 1000))) > 0).all()


def test_mertens_number_is_rho_for_large_integers() -> None:
    for n in (5, 40):
        assert npp_expected_perfect(n, 2.0**60) == pytest.approx(bcp_rho(n, 2.0**60), rel=1e-12)
        assert npp_expected_perfect(n, 10) == pytest.approx(bcp_rho(n, 10) * math.sqrt(3 * 0.385), rel=1e-12)


def test_huge_problems() -> None:
    assert npp_expected_perfect(10**6, 1000) == math.inf
    assert bcp_rho(10**6, 1e300, 10) == math.inf
    assert bcp_rho(100, 1e300) == pytest.approx(rho_twin(100, 10**3, 0) * 1e-297 * math.sqrt(3 * 0.3338335), rel=1e-9)
    assert bcp_rho(100, 1000, 10**12) == 0.0
    certain = npp_solvable_prob(10**6, 1000, 5)
    assert (certain.lower, certain.upper, certain.poisson) == (1.0, 1.0, 1.0)
    hopeless = npp_solvable_prob(100, 1000, 1e250)
    assert (hopeless.lower, hopeless.upper, hopeless.poisson) == (0.0, 0.0, 0.0)
    assert npp_perfect_prob(10**6, 1000) == 1.0
    assert npp_perfect_prob(10, 1e300) == pytest.approx(0.75 * bcp_rho(10, 1e300), rel=1e-12)


def test_the_probability_lies_between_its_moments() -> None:
    M = 2.0 ** np.arange(1, 40)
    for z in (0, 3):
        both = npp_solvable_prob(20, M, z)
        assert (both.lower <= both.poisson).all()
        assert (both.poisson <= both.upper).all()
        assert (np.diff(both.poisson) <= 0).all()
    mean = bcp_rho(20, 2**17, 3)
    assert npp_solvable_prob(20, 2**17, 3).lower == pytest.approx(mean / (1 + mean))
    assert npp_solvable_prob(20, 2**17, 0).lower == pytest.approx(mean / (2 + mean), rel=1e-6)
    assert npp_solvable_prob(20, 2**25, 3).upper == bcp_rho(20, 2**25, 3)


def test_perfect_partitions_are_the_mean_of_both_parities() -> None:
    for M in (2**12, 2**16, 2**20):
        odd, even = (npp_solvable_prob(16, M, z).poisson for z in (1, 0))
        assert npp_perfect_prob(16, M) == pytest.approx((odd + even) / 2, rel=1e-6)
        rho = bcp_rho(16, M)
        assert npp_perfect_prob(16, M) == pytest.approx(1 - 0.5 * math.exp(-rho / 2) * (1 + math.exp(-rho / 2)))


def test_least_discrepancy() -> None:
    assert npp_discrepancy(20, 1 / 3) == pytest.approx(math.sqrt(2 * math.pi * 20 / 3) / 2**20, rel=1e-14)
    assert npp_discrepancy(20, 4.0) == pytest.approx(2 * npp_discrepancy(20, 1.0), rel=1e-14), "scales like the numbers"
    assert npp_discrepancy(5000, 1.0) == 0.0
    assert npp_discrepancy(30, 1e-300) == pytest.approx(1e-150 * npp_discrepancy(30, 1), rel=1e-12)
    # at the critical number of bits the spacing of sums of integers, which is 2, is the least discrepancy of real numbers
    M = 2.0 ** (40 * npp_kappa_c(40))
    assert npp_discrepancy(40, M * M / 3) == pytest.approx(2.0, rel=1e-6)


def test_sorted_phase() -> None:
    share = (1 + npp_bias_c()) / 2
    assert share**2 == pytest.approx(0.5, rel=1e-15)


def rate_twin(b: float) -> float:
    """By a general minimiser of the definition."""
    from scipy.integrate import quad
    from scipy.optimize import minimize

    def objective(v: np.ndarray) -> float:
        integral = quad(lambda x: np.logaddexp(0, v[0] + v[1] * x), 0, 1, epsabs=1e-12)[0]
        return float(integral - v[0] * (1 + b) / 2 - v[1] / 4)

    return float(minimize(objective, [0.0, 0.0], method="BFGS").fun) / math.log(2)


def test_critical_bits_at_a_bias() -> None:
    for b in (0.05, 0.2, 0.35, 0.4):
        assert npp_kappa_c_constrained(b) == pytest.approx(rate_twin(b), abs=1e-8)
    assert npp_kappa_c_constrained(0) == 1.0
    assert npp_kappa_c_constrained(npp_bias_c()) == 0.0
    biases = np.linspace(0, npp_bias_c(), 200)
    rates = npp_kappa_c_constrained(biases)
    assert (np.diff(rates) < 0).all()
    assert (np.diff(rates, 2) < 0).all(), "concave"
    near = npp_bias_c() - 1e-10
    assert npp_kappa_c_constrained(near) == pytest.approx(
        2 * math.sqrt(math.pi**2 / 6 * math.sqrt(2) / 4 * 1e-10) / math.log(2), rel=1e-5
    )
    # no jump where quadrature hands over to the dilogarithm (t = 8, near b = 0.375)
    fine = npp_kappa_c_constrained(np.linspace(0.33, 0.4, 7001))
    assert np.abs(np.diff(fine, 3)).max() < 1e-9


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: npp_kappa_c(0), "whole number n >= 1"),
        (lambda: npp_expected_perfect(5, 1), "whole number M >= 2"),
        (lambda: npp_expected_perfect(5.5, 4), "whole number n"),
        (lambda: bcp_rho(5, 4, -1), "whole number z >= 0"),
        (lambda: bcp_rho(5, 4, 0.5), "whole number z >= 0"),
        (lambda: npp_solvable_prob(5, 1, 0), "whole number M >= 2"),
        (lambda: npp_perfect_prob(5, 2.5), "whole number M >= 2"),
        (lambda: npp_kappa_c_constrained(0.5), "0 <= b <="),
        (lambda: npp_kappa_c_constrained(-0.1), "0 <= b <="),
        (lambda: npp_discrepancy(5, 0), "second_moment > 0"),
        (lambda: npp_discrepancy(0, 1), "whole number n >= 1"),
    ],
)
def test_outside_the_hypotheses(call: object, match: str) -> None:
    with pytest.raises(HypothesisError, match=match):
        call()  # type: ignore[operator]


def test_arrays_broadcast_and_are_nan_outside() -> None:
    with pytest.warns(HypothesisWarning, match="whole number M >= 2"):
        found = bcp_rho(np.array([[4], [5]]), [1, 8], 2)
    assert found.shape == (2, 2)
    np.testing.assert_array_equal(np.isnan(found), [[True, False], [True, False]])
    assert found[1, 1] == bcp_rho(5, 8, 2)
    with pytest.warns(HypothesisWarning, match="whole number z"):
        both = npp_solvable_prob(4, 8, [0, -1])
    assert np.isnan(both.poisson[1])
