"""Weights by single products, against integrals and simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad

from slth.bounds.hypotheses import HypothesisError, HypothesisWarning
from slth.bounds.networks.one_by_one import (
    malach_density,
    malach_overparameterisation,
    malach_samples,
    single_product_prob,
    single_product_samples,
)


def test_malach_samples() -> None:
    assert malach_samples(0.1, 0.1) == math.ceil(400 * math.log(20))
    assert malach_samples(1e-3, 0.5) == math.ceil(4e6 * math.log(4))
    many = malach_samples([[0.1], [0.01]], [0.1, 0.01])
    assert many.shape == (2, 2)
    assert (np.diff(many, axis=0) > 0).all()
    assert (np.diff(many, axis=1) > 0).all()


@pytest.mark.parametrize("w", [0.0, 0.05, -0.3, 0.9, 0.95, 1.0, -1.0])
@pytest.mark.parametrize("eps", [0.5, 0.05, 1e-3])
def test_probability_by_integration(w: float, eps: float) -> None:
    """An independent way: P(u > 0, abs(u v - w) <= eps) = integral over u of the length of the interval of v."""

    def length(u: float) -> float:
        return max(min((abs(w) + eps) / u, 1.0) - max((abs(w) - eps) / u, -1.0), 0.0) / 2

    kinks = sorted({min(max(abs(x), 1e-12), 1.0) for x in (w - eps, w + eps, abs(w) - eps, abs(w) + eps)})
    exact = sum(
        quad(length, low, high, epsabs=1e-14)[0] / 2
        for low, high in zip([0.0, *kinks], [*kinks, 1.0], strict=True)
        if high > low
    )
    assert single_product_prob(w, eps) == pytest.approx(exact, rel=1e-8)


def test_probability_at_extremes() -> None:
    for eps in (1e-3, 1e-8, 1e-100):
        assert single_product_prob(1, eps) == pytest.approx(eps**2 / 8, rel=2 * eps + 1e-12)
        assert single_product_prob(0.5, eps) == pytest.approx(eps * math.log(2) / 2, rel=3 * eps + 1e-12)
        assert single_product_prob(0, eps) == pytest.approx(eps * (1 - math.log(eps)) / 2, rel=1e-12)
    # the two formulas of the code meet where the interval begins at 0
    assert single_product_prob(0.1, 0.1) == pytest.approx(single_product_prob(0.1 + 1e-9, 0.1), rel=1e-6)


def test_probability_by_simulation() -> None:
    rng = np.random.default_rng(5)
    u, v = rng.uniform(-1, 1, (2, 400_000))
    for w, eps in ((0.0, 0.1), (0.4, 0.1), (1.0, 0.3)):
        p = single_product_prob(w, eps)
        hits = np.mean((u > 0) & (np.abs(u * v - w) <= eps))
        assert abs(hits - p) < 6 * math.sqrt(p / u.size), "6 standard deviations: a false alarm in 10^8"


def test_single_products_need_fewer_samples_inside_but_not_at_one() -> None:
    """Order 1/eps for abs(w) <= 1/2, order 1/eps^2 at abs(w) = 1; never more than the search for u and v apart."""
    eps = np.array([1e-2, 1e-3, 1e-4])
    inside, at_one = single_product_samples(eps, 0.1, 0.5), single_product_samples(eps, 0.1)
    np.testing.assert_allclose(inside * eps, math.log(20) / (math.log(2) / 2), rtol=2e-2)
    np.testing.assert_allclose(at_one * eps**2, 8 * math.log(20), rtol=2e-2)
    assert (at_one <= malach_samples(eps / 2, 0.1)).all()
    w = np.linspace(0, 1, 101)
    assert (np.diff(single_product_samples(0.01, 0.1, w)) >= 0).all(), "the default w = 1 is the worst case"


def test_orders_of_growth() -> None:
    assert malach_overparameterisation(100, 0.1, 2) == pytest.approx(2e6 * math.log(1000))
    assert malach_density(100, 0.1, 3) == pytest.approx(3e-6)
    assert malach_density(1, 0.5, 100) == 1.0


def test_hypotheses() -> None:
    with pytest.raises(HypothesisError, match="0 < eps < 1"):
        malach_samples(1, 0.1)
    with pytest.raises(HypothesisError, match="0 < delta < 1"):
        single_product_samples(0.1, 0)
    with pytest.raises(HypothesisError, match=r"abs\(w\) <= 1"):
        single_product_prob(1.1, 0.1)
    with pytest.raises(HypothesisError, match="C > 0"):
        malach_density(10, 0.1, 0)
    with pytest.raises(HypothesisError, match="whole number m_t"):
        malach_overparameterisation(0, 0.1, 1)
    with pytest.warns(HypothesisWarning, match="0 < eps < 1"):
        assert np.isnan(malach_samples([0.1, 2], 0.1)).tolist() == [False, True]
