"""Second-moment bounds of fixed-size random subset sum against sums written out term by term, exact probabilities, and their limits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from slth.bounds.hypotheses import HypothesisError, HypothesisWarning
from slth.bounds.subset_sums.mixture_poisson import rfss_success_prob
from slth.bounds.subset_sums.moments import log_overlap, rfss_moment_limit, rfss_moment_ratio, rfss_success_normal

QUESTIONS = [
    (18, 3, 0.01, 0.0, 1.0), (18, 9, 0.01, 1.0, 1.0), (22, 5, 0.005, 1.0, 0.5), (30, 29, 0.01, -2.0, 1.0), (2, 1, 0.1, 0.3, 2.0),
    (25, 20, 1e-6, 4.0, 1.0), (200, 100, 1e-25, 60.0, 1.0), (60, 30, 1e-12, 0.0, 3**-0.5), (40, 1, 0.02, 0.5, 1.0),
]  # fmt: skip


def density(u: float) -> float:
    return math.exp(-u * u / 2) / math.sqrt(2 * math.pi)


def ratio(n: int, k: int, eps: float, z: float, sigma: float) -> float:
    """The formula, term by term."""
    total, u = 0.0, z / (sigma * math.sqrt(k))
    for i in range(max(0, 2 * k - n), k):
        rho = i / k
        weight = math.comb(k, i) * math.comb(n - k, k - i) / math.comb(n, k)
        total += weight / math.sqrt(1 - rho**2) * math.exp(u * u * rho / (1 + rho))
    return total + sigma * math.sqrt(k) / (math.comb(n, k) * 2 * eps * density(u))


def normal_success(n: int, k: int, eps: float, z: float, sigma: float) -> float:
    """The bound, term by term, Lam on a fine grid; overlaps of the subsets themselves, not of their complements."""
    gamma = k / n
    spread = sigma * math.sqrt(k * (1 - gamma))
    eta = min(eps / spread, 1.0)
    steps, width = 1500, 9.0
    success = 0.0
    for j in range(steps + 1):
        x = width * (2 * j / steps - 1)
        u = (z - gamma * x * sigma * math.sqrt(n)) / spread
        if u * u > 1000:
            continue
        total = 1 / (math.comb(n, k) * 2 * eta * density(u) * math.exp(-eta * eta / 2))
        if 2 * k == n:
            total *= 2
        for i in range(max(0, 2 * k - n), k):
            if 2 * k == n and i == 0:
                continue
            rho = (i / k - gamma) / (1 - gamma)
            weight = math.comb(k, i) * math.comb(n - k, k - i) / math.comb(n, k)
            error = eta**2 + u**2 * eta**2 / (3 * (1 + rho) ** 2)
            total += weight / math.sqrt(1 - rho**2) * math.exp(u * u * rho / (1 + rho) + error)
        success += density(x) * 2 * width / steps / total
    return success


def by_window(n: int, k: int, eps: float, z: float = 0.0, sigma: float = 1.0) -> float:
    """The ratio at a question in the order of the other functions."""
    found: float = rfss_moment_ratio(n, k, z, eps, sigma)
    return found


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_ratio_is_its_formula(question: Any) -> None:
    assert by_window(*question) == pytest.approx(ratio(*question), rel=1e-12)


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ((18, 3, 0.01), 1.307),
        ((18, 6, 0.01), 1.102),
        ((18, 9, 0.01), 1.189),
        ((18, 9, 0.01, 1), 1.234),
        ((22, 5, 0.005, 1), 1.109),
    ],
)
def test_ratios_that_were_simulated(question: Any, value: float) -> None:
    """Simulated, normal samples: 1.313, 1.103, 1.200, 1.233, 1.109."""
    assert by_window(*question) == pytest.approx(value, abs=5e-4)


def test_ratio_of_everything_is_one_over_the_mean() -> None:
    assert rfss_moment_ratio(7, 7, 1.0, 0.1) == pytest.approx(
        math.sqrt(7) / (0.2 * density(1 / math.sqrt(7))), rel=1e-13
    )


def test_ratio_at_the_ends_of_float64() -> None:
    assert rfss_moment_ratio(10**6, 5 * 10**5, 0, 1e-300) == pytest.approx(rfss_moment_limit(0.5), rel=1e-5)
    assert rfss_moment_ratio(10**6, 1000, 0, 1e-300) == pytest.approx(1, rel=2e-6)
    assert rfss_moment_ratio(10, 2, 1e3, 1e-300) == math.inf
    assert rfss_moment_ratio(10, 2, 0, 1e-300) == pytest.approx(math.sqrt(4 * math.pi) / (45 * 2e-300), rel=1e-12)


def test_the_ratio_tends_to_its_limit_like_one_over_n() -> None:
    for gamma, u in ((0.1, 0.0), (0.5, 1.0), (0.8, 0.5)):
        n = np.array([100, 1000, 10_000])
        k = gamma * n
        off = n * (rfss_moment_ratio(n, np.rint(k), u * np.sqrt(k), 1.0) - rfss_moment_limit(gamma, u))
        np.testing.assert_allclose(off[1:], off[-1], rtol=0.05, atol=0.02)


def test_limit() -> None:
    assert rfss_moment_limit(0) == 1
    assert rfss_moment_limit(0.5) == pytest.approx(2 / math.sqrt(3))
    np.testing.assert_allclose(rfss_moment_limit(0.6, [0.0, 1.0, -1.0]), 1.25 * np.exp([0, 0.375, 0.375]))


def test_overlaps_are_hypergeometric() -> None:
    from scipy.stats import hypergeom

    for n, k in ((10, 3), (10, 8), (500, 250), (1, 1), (100_000, 400)):
        i, log_h = log_overlap(n, k)
        assert (i[0], i[-1]) == (max(0, 2 * k - n), k)
        np.testing.assert_allclose(np.exp(log_h), hypergeom.pmf(i, n, k, k), rtol=1e-6, atol=1e-300)
        assert np.exp(log_h).sum() == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_normal_bound_is_its_formula(question: Any) -> None:
    exact = normal_success(*question)
    assert exact - 2e-8 <= rfss_success_normal(*question) <= exact


@pytest.mark.parametrize(
    "question", [(29, 18, 6.2, -0.7, 1.0), (20, 1, 6.0, -3.0, 1.0), (11, 1, 4.0, -9.4, 1.0), (6, 1, 17.0, 4.0, 1.0)]
)
def test_the_quadrature_sees_narrow_peaks(question: Any) -> None:
    """Wide windows make E[1 / R] a narrow peak; a rule of fixed step gives more than the integral here."""
    assert normal_success(*question) * (1 - 3e-8) <= rfss_success_normal(*question) <= normal_success(*question)


def test_a_wide_window_is_as_good_as_a_narrower_one() -> None:
    spread = math.sqrt(18 * 11 / 29)
    assert rfss_success_normal(29, 18, 50.0) == rfss_success_normal(29, 18, spread * (1 + 1e-12)) > 0.1


@pytest.mark.parametrize("n", [2, 3, 10, 200])
@pytest.mark.parametrize("z", [0.0, 0.7, -2.5])
@pytest.mark.parametrize("eps", [1e-4, 0.01, 0.3, 2.0])
def test_the_normal_bound_holds_for_single_samples(n: int, z: float, eps: float) -> None:
    one = 0.5 * (math.erf((z + eps) / math.sqrt(2)) - math.erf((z - eps) / math.sqrt(2)))
    assert 0 < rfss_success_normal(n, 1, eps, z) <= -math.expm1(n * math.log1p(-one))


def test_the_normal_bound_is_below_the_predictor() -> None:
    n, k, eps, z = np.meshgrid([12, 24], [2, 11], [1e-5, 1e-1], [0.0, 2.0])
    proven = rfss_success_normal(n, k, eps, z)
    assert (proven <= rfss_success_prob(n, k, eps, z, "normal") + 0.02).all()


def test_the_normal_bound_has_the_symmetries_of_the_problem() -> None:
    value = rfss_success_normal(20, 8, 1e-4, 1.5)
    assert rfss_success_normal(20, 8, 1e-4, -1.5) == pytest.approx(value, rel=1e-13)
    assert rfss_success_normal(20, 8, 3e-4, 4.5, 3.0) == pytest.approx(value, rel=1e-10)


def test_the_normal_bound_tends_to_one_where_the_plain_moment_does_not() -> None:
    n = np.array([20, 100, 500, 1000])
    k = n / 2
    eps = n * np.exp(-np.array([math.log(math.comb(int(m), int(m) // 2)) for m in n]))  # E[Y] of the order of sqrt(n)
    failure = 1 - rfss_success_normal(n, k, eps)
    assert (np.diff(failure) < 0).all()
    assert failure[-1] < 0.1
    assert (1 / rfss_moment_ratio(n, k, 0, eps) < math.sqrt(0.75)).all()


def test_the_normal_bound_of_long_rows() -> None:
    assert rfss_success_normal(6_000, 3_000, 1e-300) == pytest.approx(1, abs=3e-4)
    assert rfss_success_normal(10_000, 9_990, 1e-20, 30.0) > 0.1
    assert rfss_success_normal(10, 5, 1e-300) == pytest.approx(0, abs=1e-290)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: rfss_moment_ratio(10, 11, 0, 0.1), "k <= n"),
        (lambda: rfss_moment_ratio(10, 0, 0, 0.1), "whole number k >= 1"),
        (lambda: rfss_moment_ratio(10, 3, 0, 0.0), "eps > 0"),
        (lambda: rfss_moment_ratio(10, 3, 0.0, 0.1, -1.0), "sigma > 0"),
        (lambda: rfss_moment_limit(1.0), "0 <= gamma < 1"),
        (lambda: rfss_success_normal(10, 10, 0.1), "k <= n - 1"),
        (lambda: rfss_success_normal(10.5, 3, 0.1), "whole number n"),
        (lambda: rfss_success_normal(10, 3, 0.1, 0.0, 0.0), "sigma > 0"),
    ],
)
def test_hypotheses(call: Any, message: str) -> None:
    with pytest.raises(HypothesisError, match=message):
        call()


def test_arrays_are_nan_where_a_hypothesis_fails() -> None:
    with pytest.warns(HypothesisWarning, match="k <= n - 1"):
        values = rfss_success_normal(10, [[3], [10]], [0.1, 0.2])
    assert values.shape == (2, 2)
    assert np.isnan(values[1]).all()
    assert values[0, 1] == rfss_success_normal(10, 3, 0.2)
    with pytest.warns(HypothesisWarning, match="gamma"):
        assert np.isnan(rfss_moment_limit([0.5, 2.0])).tolist() == [False, True]
    assert rfss_moment_ratio([], 1, 0, 0.1).shape == (0,)
