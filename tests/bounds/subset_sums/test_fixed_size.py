"""Samples for subsets of fixed size, and the explicit success probability: against loops and fractions written from the statements."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from slth import laws
from slth.bounds.hypotheses import HypothesisError, HypothesisWarning
from slth.bounds.networks.fixed_size_lower import natale_lower
from slth.bounds.subset_sums.fixed_size import (
    rfss_c_thm,
    rfss_c_thm_least,
    rfss_n,
    rfss_n_simplified,
    rfss_n_uniform,
    sum_bounded_constants,
)

UNIFORM = sum_bounded_constants("uniform")


def bits(n: int, k: int) -> float:
    return -k * math.log2(k / n) - (n - k) * math.log2((n - k) / n)


def loop(k: int, need: float) -> int:
    n = 2 * k
    while bits(n, k) < need:
        n += 1
    return n


def second_moment_bound(n: int, k: int, eps: float, cl: float, cu: float, z: float = 0.0) -> float:
    root = math.sqrt(k)
    inside = min(root, z + eps) - max(-root, z - eps)
    pairs = math.comb(n, k)
    total = root / (cl * inside * pairs)
    for i in range(max(0, 2 * k - n), k):
        share = Fraction(math.comb(k, i) * math.comb(n - k, k - i), pairs)
        total += float(share) * cu / cl * math.sqrt(k / (k - i)) * 2 * eps / inside
    return 1 / total


def test_published_sizes() -> None:
    assert [rfss_n(3, 0.01), rfss_n(5, 1e-4), rfss_n(1, 0.01)] == [9, 19, 38]
    assert isinstance(rfss_n(3, 0.01), int)
    np.testing.assert_array_equal(rfss_n([3, 5, 1], [0.01, 1e-4, 0.01]), [9, 19, 38])


@pytest.mark.parametrize("k", [1, 2, 3, 6, 11])
@pytest.mark.parametrize("eps", [0.9, 0.45, 0.03, 1e-3])
def test_smallest(k: int, eps: float) -> None:
    need = math.log2(k / eps)
    assert rfss_n(k, eps) == loop(k, need)
    assert rfss_n(k, eps, 1.5) == loop(k, 1.5 * need)
    if eps < 0.5 and k > 2:
        assert rfss_n_uniform(k, eps, 0.3) == loop(k, 0.3 * need**2)


def test_half_of_the_samples_where_that_suffices() -> None:
    # n H2(1/2) = n = 2k
    assert rfss_n(1, 0.25) == 2
    assert rfss_n(1, 0.2499) == 3
    assert rfss_n(10**6, 1e-300) == 2 * 10**6
    assert rfss_n(8, 2.0**-13) == 16
    assert rfss_n(8, 2.0**-13, 1.001) == 17


def test_far_ends() -> None:
    # k = 1: n H2(1/n) = log2 n + log2 e for large n
    assert math.log2(rfss_n(1, 1e-300)) == pytest.approx(-math.log2(1e-300) - math.log2(math.e), rel=1e-12)
    assert math.log2(rfss_n(2, 5e-324)) == pytest.approx((1 + 1074) / 2 - math.log2(math.e / 2), rel=1e-3)
    with pytest.raises(OverflowError, match="rfss_n: the result is beyond float64"):
        rfss_n(1, 1e-300, 2)
    np.testing.assert_array_equal(rfss_n([1, 4], 1e-300, 2), [np.inf, rfss_n(4, 1e-300, 2)])


def test_sizes_are_monotone() -> None:
    eps = np.geomspace(0.4, 1e-12, 40)
    for found in (rfss_n(4, eps), rfss_n_uniform(4, eps, 0.5), rfss_n(4, 0.01, np.linspace(1, 9, 40))):
        assert (np.diff(found) >= 0).all()
    k = np.arange(1, 200)
    assert (rfss_n(k, 1e-3) >= 2 * k).all()
    # what is enough for one target lies above what is necessary for all linear maps of dimension 1
    assert (natale_lower(1, k, 1e-3) <= rfss_n(k, 1e-3)).all()
    assert (rfss_n(k, 1e-3) <= rfss_n_uniform(k, 1e-3, 1)).all()


def test_simplified() -> None:
    k, eps, c_amp = np.array([400.0, 1000, 10**5, 10**9]), 0.3, np.array([1.0, 3.0, 50.0, 15541.0])
    simplified = rfss_n_simplified(k, eps, c_amp)
    assert (simplified >= rfss_n_uniform(k, eps, c_amp)).all()
    with pytest.raises(HypothesisError, match=r"k >= 2 c_amp \(log2\(k\)\^2 \+ 2 log2\(k\) log2\(1/eps\)\)"):
        rfss_n_simplified(100, 0.3, 1)
    assert rfss_n_simplified(1, 0.3, 0.1) == loop(1, 0.2 * math.log2(0.3) ** 2)


def test_hypotheses() -> None:
    with pytest.raises(HypothesisError, match="rfss_n needs 0 < eps < 1, got k = 2, eps = 1"):
        rfss_n(2, 1.0)
    with pytest.raises(HypothesisError, match="a whole number k >= 1"):
        rfss_n(0, 0.1)
    with pytest.raises(HypothesisError, match="c_hyp >= 1"):
        rfss_n(2, 0.1, 0.5)
    with pytest.raises(HypothesisError, match="0 < eps < 1/2"):
        rfss_n_uniform(2, 0.5, 1)
    with pytest.raises(HypothesisError, match="c_amp > 0"):
        rfss_n_uniform(2, 0.1, 0)
    with pytest.warns(HypothesisWarning, match="0 < eps < 1/2: 2 of 3"):
        assert np.isnan(rfss_n_simplified(10**6, [0.0, 0.1, 0.7], 1)).tolist() == [True, False, True]
    for wrong in ({"k": 6}, {"eps": 0.0}, {"z": 2.0}, {"cl": 0.8}, {"n": 4.5}, {"cl": 0.55, "cu": 0.6}):
        with pytest.raises(HypothesisError, match="rfss_c_thm needs"):
            rfss_c_thm(**({"n": 5, "k": 3, "eps": 0.1, "cl": 0.1, "cu": 0.7} | wrong))
    with pytest.warns(HypothesisWarning, match="k <= n"):
        assert np.isnan(rfss_c_thm([2, 4], 3, 0.1, *UNIFORM)).tolist() == [True, False]
    with pytest.raises(HypothesisError, match="0 < cl <= cu"):
        rfss_c_thm_least(0.7, 0.1)


def test_sum_bounded_constants() -> None:
    assert (math.sqrt(1.5 / math.pi) * math.exp(-1.5), math.sqrt(0.5)) == UNIFORM
    low, high = sum_bounded_constants(laws.get("normal(0, 0.5)"))
    assert (low, high) == pytest.approx((2 * math.exp(-2) / math.sqrt(2 * math.pi), 2 / math.sqrt(2 * math.pi)))
    with pytest.raises(ValueError, match="not sum-bounded"):
        sum_bounded_constants("hyperbolic")
    with pytest.raises(ValueError, match="no known sum-bounded constants"):
        sum_bounded_constants("uniform(-2, 2)")
    with pytest.raises(TypeError, match="law must be a name"):
        sum_bounded_constants(3)  # type: ignore[arg-type]


def test_published_success_probabilities() -> None:
    found = rfss_c_thm(rfss_n(1, 0.01), 1, 0.01, *UNIFORM)
    assert found == pytest.approx(0.077, abs=5e-4)
    for k, low, high in ((5, 0.079, 0.142), (10, 0.08, 0.152)):
        for eps in (0.1, 0.01, 1e-4):
            assert low <= rfss_c_thm(rfss_n(k, eps), k, eps, *UNIFORM) <= high
    assert rfss_c_thm(40, 20, 0.01, *UNIFORM) == pytest.approx(0.153, abs=5e-4)


@pytest.mark.parametrize(("n", "k"), [(1, 1), (2, 1), (9, 3), (10, 5), (10, 7), (10, 10), (60, 30), (400, 7)])
def test_success_probability_against_fractions(n: int, k: int) -> None:
    for eps in (0.5, 0.01, 1e-7):
        for z in (0.0, 0.9, -math.sqrt(k) + 0.25):
            exact = second_moment_bound(n, k, eps, *UNIFORM, z)
            found = rfss_c_thm(n, k, eps, *UNIFORM, z)
            assert found == pytest.approx(exact, rel=1e-8 if eps < 1e-3 else 1e-10)  # the twin cancels in z +- eps
            assert rfss_c_thm(n, k, eps, *UNIFORM, -z) == found


def test_success_probability_at_the_ends() -> None:
    assert rfss_c_thm(10**6, 5 * 10**5, 1e-6, *UNIFORM) == pytest.approx(
        UNIFORM[0] / UNIFORM[1] / math.sqrt(2), rel=1e-5
    )
    assert rfss_c_thm(10, 4, 1e-300, *UNIFORM) == pytest.approx(2e-300 * UNIFORM[0] * 210 / 2, rel=1e-10)
    # the window sticks out by half at z = sqrt(k), so the bound halves
    assert rfss_c_thm(30, 4, 0.01, *UNIFORM, 2) == pytest.approx(rfss_c_thm(30, 4, 0.01, *UNIFORM) / 2, rel=1e-12)
    # one set only: P >= 2 eps c_l / sqrt(k)
    assert rfss_c_thm(9, 9, 0.01, *UNIFORM) == pytest.approx(0.02 * UNIFORM[0] / 3, rel=1e-10)
    eps = np.geomspace(1e-9, 0.5, 50)
    assert (np.diff(rfss_c_thm(12, 4, eps, *UNIFORM)) > 0).all()


def test_success_probability_next_to_the_edge() -> None:
    """The window sticks out of [-sqrt(k), sqrt(k)] by an amount that a difference of floats would get wrong."""
    rng = np.random.default_rng(8)
    for k in (2, 3, 4, 7, 50, 1001):
        root = math.sqrt(k)
        tight = Fraction(math.isqrt(k << 400), 1 << 200)  # sqrt(k), rounded down
        for eps in 10.0 ** rng.uniform(-18, -3, 20):
            z = min(root - eps * rng.uniform(0, 1.2), float(np.nextafter(root, 0)))
            half = Fraction(float(eps))
            share = (half + min(half, tight - Fraction(z))) / (2 * half)
            inside = rfss_c_thm(3 * k, k, eps, *UNIFORM)
            found = rfss_c_thm(3 * k, k, eps, *UNIFORM, z)
            assert found == pytest.approx(float(share) * inside, rel=1e-13)
            assert rfss_c_thm(3 * k, k, eps, *UNIFORM, -root) == pytest.approx(inside / 2, rel=1e-13)


def test_success_probability_at_extreme_arguments() -> None:
    """No warning, and never above what the statement gives."""
    assert rfss_c_thm(5, 2, 0.1, 1e-320, 0.5) <= 1e-320
    assert rfss_c_thm(5, 2, 1e308, *UNIFORM) <= math.sqrt(2) / 1e308
    assert 0 <= rfss_c_thm(5, 2, 0.1, 0.15, 1e308) <= 0.15 / 1e308
    # one set, one sample: P >= 2 eps c_l = 3.05e-324, which rounds to 4.94e-324
    assert rfss_c_thm(1, 1, 1e-323, *UNIFORM) == 0
    # c_l / c_u is the limit for n to infinity, no bound for all n
    assert rfss_c_thm(10**9, 1, 1, *UNIFORM) == pytest.approx(UNIFORM[0] / UNIFORM[1], rel=1e-8)
    assert rfss_c_thm(1, 1, 1, *UNIFORM) == pytest.approx(2 * UNIFORM[0], rel=1e-10)


def test_success_probability_is_below_the_true_one() -> None:
    n, eps = np.arange(1, 2000)[:, None], np.array([0.9, 0.3, 0.01, 1e-3])
    # k = 1: each sample hits a window inside [-1, 1] with probability eps
    with np.errstate(under="ignore"):
        truth = -np.expm1(n * np.log1p(-eps))
    assert (rfss_c_thm(n, 1, eps, *UNIFORM) <= truth).all()
    # k = n: one normal sum
    k = np.arange(1, 50)
    found = rfss_c_thm(k, k, 0.01, *sum_bounded_constants("normal"), z=1)
    assert (found <= np.diff([laws.Normal(0, 1).cdf((1 + e) / np.sqrt(k)) for e in (-0.01, 0.01)], axis=0)[0]).all()


def test_least_constant() -> None:
    assert rfss_c_thm_least(*UNIFORM) == pytest.approx(0.0300505, abs=1e-7)
    assert rfss_c_thm_least(*sum_bounded_constants("normal")) == pytest.approx(0.0586262, abs=1e-7)
    rng = np.random.default_rng(3)
    k = np.round(np.exp(rng.uniform(0, 6, 400)))
    eps = np.exp(rng.uniform(-40, 0, 400))
    n = rfss_n(k, eps) + np.floor(np.exp(rng.uniform(0, 5, 400)) - 1)
    cu = rng.uniform(0.1, 3, 400)
    cl = np.minimum(cu * rng.uniform(0.01, 1, 400), 0.5)
    for z in (np.sqrt(k), np.maximum(np.sqrt(k) - 1, 0)):
        assert (rfss_c_thm(n, k, eps, cl, cu, z) >= rfss_c_thm_least(cl, cu)).all()
    assert (rfss_c_thm(n, k, eps, cl, cu) >= 2 * rfss_c_thm_least(cl, cu) * (1 - 1e-10)).all()
