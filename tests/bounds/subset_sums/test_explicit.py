"""The explicit bounds on random subset sum, against exact twins, published numbers and simulation."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from slth import laws
from slth.bounds.hypotheses import HypothesisError, HypothesisWarning
from slth.bounds.subset_sums.explicit import (
    ExplicitConstants,
    explicit_constants,
    rss_failure_explicit,
    rss_failure_explicit_full,
    rss_mean_error_explicit,
    rss_n_explicit,
    rss_n_explicit_full,
)


def least(err: float, delta: float, reach: Fraction, ac: Fraction) -> int:
    """The least n with 2 reach^2 (1 - ac)^n <= (err / 2)^2 delta, in fractions, one n after the other."""
    goal = (Fraction(err) / 2) ** 2 * Fraction(delta) / (2 * reach**2)
    n, power = 0, Fraction(1)
    while power > goal:
        n, power = n + 1, power * (1 - ac)
    return n


@pytest.mark.parametrize(("err", "numbers"), [(0.1, (21, 27, 35)), (0.03, (30, 35, 43)), (0.01, (37, 43, 51))])
def test_known_numbers_of_the_uniform_law(err: float, numbers: tuple[int, ...]) -> None:
    assert tuple(rss_n_explicit(err, delta) for delta in (0.5, 0.1, 0.01)) == numbers


def test_against_fractions() -> None:
    rng = np.random.default_rng(0)
    for _ in range(60):
        a, ac = float(2.0 ** rng.integers(-3, 3)), float(rng.uniform(0.05, 0.25))
        err, delta = float(a * 10 ** rng.uniform(-3, 0.3)), float(10 ** rng.uniform(-3, 0))
        c = ac / a
        exact = Fraction(a) * Fraction(c)
        assert rss_n_explicit(err, delta, a, c) == least(err, delta, Fraction(a), exact)
        assert rss_n_explicit_full(err, delta, a, c) == least(err, delta, 2 * Fraction(a), exact)


@pytest.mark.parametrize(
    ("samples", "failure"), [(rss_n_explicit, rss_failure_explicit), (rss_n_explicit_full, rss_failure_explicit_full)]
)
def test_samples_and_failure_belong_together(samples, failure) -> None:
    for err in (0.3, 0.01, 1e-5):
        for delta in (1.0, 0.1, 1e-6):
            n = samples(err, delta)
            assert failure(n, err) <= delta * (1 + 1e-12)
            assert failure(n - 1, err) > delta or n == 0 or failure(n - 1, err) == 1


def test_twice_the_interval() -> None:
    """[-2a, 2a] costs a factor of 4 in the probability: ln(4) / ln(4/3) = 4.8 samples."""
    err = np.geomspace(1e-6, 0.5, 30)
    more = rss_n_explicit_full(err, 0.01) - rss_n_explicit(err, 0.01)
    assert set(more.tolist()) <= {4.0, 5.0}
    # scaling samples, error and interval together changes nothing
    np.testing.assert_array_equal(rss_n_explicit(err, 0.01), rss_n_explicit(8 * err, 0.01, 4.0, 1 / 16))


def test_monotone() -> None:
    err = np.geomspace(1e-8, 1, 50)
    assert (np.diff(rss_n_explicit(err, 0.1)) <= 0).all()
    assert (np.diff(rss_failure_explicit(30, err)) <= 0).all()
    assert (np.diff(rss_failure_explicit(np.arange(200), 0.01)) <= 0).all()
    assert (np.diff(rss_mean_error_explicit(np.arange(200))) <= 0).all()
    assert (np.diff(rss_n_explicit(0.01, 0.1, 0.5, np.linspace(0.01, 0.5, 40))) <= 0).all()


def test_extremes() -> None:
    assert rss_n_explicit(1e-300, 1e-300) == math.ceil((math.log(2) + 900 * math.log(10)) / math.log(4 / 3))
    assert rss_n_explicit(1e-160, 1.0, 1e150, 1e-151) > 13_000, "a^2 / err^2 is beyond float64"
    assert rss_failure_explicit(10**6, 1e-300) == 0.0
    assert rss_failure_explicit(0, 1.0) == 1.0
    assert rss_mean_error_explicit(0) == 0.5
    assert rss_mean_error_explicit(20, 0.5, 0.5) == pytest.approx(2 * math.sqrt(2) * 0.75**10)


def test_hypotheses() -> None:
    for call, message in (
        (lambda: rss_n_explicit(0.0, 0.1), "0 < err <= 2 a"),
        (lambda: rss_n_explicit(1.1, 0.1), "0 < err <= 2 a"),
        (lambda: rss_n_explicit_full(2.1, 0.1), "0 < err <= 4 a"),
        (lambda: rss_n_explicit(0.1, 0.0), "0 < delta <= 1"),
        (lambda: rss_n_explicit(0.1, 0.1, 0.5, 0.6), "0 < a c <= 1/4"),
        (lambda: rss_n_explicit(0.1, 0.1, -0.5, -0.5), "a > 0"),
        (lambda: rss_failure_explicit(1.5, 0.1), "a whole number n >= 0"),
        (lambda: rss_mean_error_explicit(-1), "a whole number n >= 0"),
    ):
        with pytest.raises(HypothesisError, match=message):
            call()
    with pytest.warns(HypothesisWarning, match="1 of 2 entries"):
        found = rss_n_explicit([0.1, 3.0], 0.1)
    assert found[0] == 27
    assert np.isnan(found[1])


def test_constants_of_laws() -> None:
    assert explicit_constants("uniform") == ExplicitConstants(0.5, 0.5)
    assert explicit_constants("uniform", 0.25) == ExplicitConstants(0.25, 0.5)
    assert explicit_constants("uniform").samples_per_nat == pytest.approx(1 / math.log(4 / 3))
    product = explicit_constants("product")
    assert product.a == pytest.approx(1 / (2 * math.e), rel=1e-6)
    assert product.a * product.c == pytest.approx(1 / (4 * math.e), rel=1e-12)
    normal = explicit_constants("normal(0, 0.3)")
    assert (normal.a, normal.c) == pytest.approx((0.15, math.exp(-0.5) / (0.3 * math.sqrt(2 * math.pi))), rel=1e-6)
    assert explicit_constants("mixture(0.5, uniform, uniform(2, 3))", 0.5).c == 0.25


@pytest.mark.parametrize(
    "law", ["uniform(-0.3, 0.3)", "uniform(-1, 0.3)", "product", "normal(0.5, 1)", "mixture(0.3, normal, uniform)"]
)
def test_the_density_is_at_least_c(law: str) -> None:
    found = explicit_constants(law)
    assert found.a * found.c <= 0.25
    density = laws.get(law).density(np.linspace(-2 * found.a, 2 * found.a, 1001)[1:-1])
    assert density.min() >= found.c * (1 - 1e-12)
    # and no other a does better
    for factor in (0.9, 1.1):
        if laws.get(law).contains_uniform(2 * found.a * factor) > 0:
            other = explicit_constants(law, factor * found.a)
            assert other.a * other.c <= found.a * found.c * (1 + 1e-12)
    assert rss_n_explicit(0.1 * found.a, 0.1, found.a, found.c) > 0


def test_laws_without_constants() -> None:
    for law in ("binary", "uniform(0, 1)", "hyperbolic"):
        with pytest.raises(ValueError, match="for any a"):
            explicit_constants(law)
    with pytest.raises(ValueError, match="take a smaller one"):
        explicit_constants("uniform", 0.75)
    with pytest.raises(ValueError, match="give p by hand"):
        explicit_constants(laws.UserLaw("mine", density=lambda x: 0.5 * np.exp(-abs(x))), 0.1)


def test_mean_error_by_brute_force() -> None:
    """A tenth of the bound is refuted."""
    samples = laws.get("uniform").sample((200, 6), np.random.default_rng(1))
    z = np.linspace(-0.5, 0.5, 201)
    worst = []
    for row in samples:
        sums = np.zeros(1)
        for x in row:
            sums = np.concatenate([sums, sums + x])
        worst.append(np.abs(sums[:, None] - z).min(axis=0).max())
    assert 0.1 * rss_mean_error_explicit(6) < np.mean(worst) < rss_mean_error_explicit(6)
