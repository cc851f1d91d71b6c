"""`rss_n_reach` against a slow twin, its limits, and simulated coverage."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize_scalar

from slth.bounds import HypothesisError, HypothesisWarning
from slth.bounds.subset_sums.explicit import rss_n_explicit, rss_n_explicit_full
from slth.bounds.subset_sums.reach import rss_n_reach
from slth.subset_sum import coverage

PRODUCT = (1 / (2 * math.e), 0.25)


def twin(err: float, delta: float, L: float, a: float, c: float) -> float:
    """From the statement: integrals by quadrature, lambda by minimisation; not rounded."""

    def carrying(s: float) -> float:
        def samples(log_rate: float) -> float:
            rate = math.exp(log_rate)
            lost = c * quad(lambda y: -math.expm1(-rate * y), 0, 2 * a)[0]
            return (rate * s + math.log(4 / delta)) / -math.log1p(-lost)

        return min(
            minimize_scalar(samples, bounds=(low, low + 4), method="bounded").fun for low in np.arange(-6, 12, 2.0)
        )

    totals = []
    for r in (a, 2 * a):
        share = delta / 2 if r < L else delta
        covering = math.ceil(math.log(2 * r * r / ((err / 2) ** 2 * share)) / -math.log(1 - a * c))
        totals.append(covering + (math.ceil(carrying(L - r) - 1e-3) if r < L else 0))
    return min(totals)


@pytest.mark.parametrize("law", [(0.5, 0.5), PRODUCT, (1.0, 0.1)])
@pytest.mark.parametrize("L", [0.1, 0.9, 1.0, 1.7, 5.0, 40.0])
def test_against_the_statement(law: tuple[float, float], L: float) -> None:
    for err, delta in ((0.1, 0.5), (1e-4, 0.01), (1e-12, 1e-9)):
        assert abs(rss_n_reach(err, delta, L, *law) - twin(err, delta, L, *law)) <= 1


def test_narrow_targets_need_no_carrying() -> None:
    for err, delta in ((0.1, 0.5), (1e-6, 1e-3)):
        for L in (0.0, 0.2, 0.5):
            assert rss_n_reach(err, delta, L) == rss_n_explicit(err, delta)
        assert rss_n_reach(err, delta, 1.0) == rss_n_explicit_full(err, delta)


def test_monotone() -> None:
    n = rss_n_reach(0.01, 0.1, np.linspace(0, 20, 400))
    assert (np.diff(n) >= 0).all()
    assert (np.diff(rss_n_reach(np.geomspace(1e-300, 0.5, 200), 0.1, 3.0)) <= 0).all()
    assert (np.diff(rss_n_reach(0.01, np.geomspace(1e-300, 1, 200), 3.0)) <= 0).all()


def test_far_targets_cost_the_distance_over_the_mean_part() -> None:
    """Law of large numbers: parts of U[-1, 1] of one sign have mean 1/4, and no fewer samples can do."""
    n = rss_n_reach(0.01, 0.5, 1e5)
    assert 4e5 < n < 4.1e5


def test_simulated_coverage() -> None:
    """The least n is 3 to 4 times what it takes, so that nothing fails; a third of it does fail."""
    rng = np.random.default_rng(5)
    n = rss_n_reach(0.5, 0.3, 1.5)
    assert n == 28
    samples = rng.uniform(-1, 1, (60, n))
    assert (coverage(samples, 0.5, (-1.5, 1.5)).lower == 1).all()
    assert (coverage(samples[:, :6], 0.5, (-1.5, 1.5)).upper < 1).any()


def test_hypotheses() -> None:
    for wrong, message in (
        ({"err": 0.0}, "0 < err <= 2 a"), ({"err": 1.1}, "0 < err <= 2 a"), ({"delta": 0.0}, "0 < delta <= 1"),
        ({"delta": 1.5}, "0 < delta <= 1"), ({"L": -1.0}, "L >= 0"), ({"a": 0.0}, "a > 0"), ({"c": 0.6}, "0 < a c <= 1/4"),
    ):  # fmt: skip
        with pytest.raises(HypothesisError, match=message):
            rss_n_reach(**({"err": 0.1, "delta": 0.1} | wrong))
    with pytest.warns(HypothesisWarning, match="0 < err <= 2 a"):
        n = rss_n_reach([0.1, 2.0], 0.1, 2.0)
    assert np.isnan(n[1])
    assert n[0] == rss_n_reach(0.1, 0.1, 2.0)
    assert isinstance(rss_n_reach(0.1, 0.1), int)
