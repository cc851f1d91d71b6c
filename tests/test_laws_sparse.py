"""Sparse laws: the mixture that they are, their exact sums, and tickets in networks of which edges are missing."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

import slth
from slth import bounds, laws
from slth.laws import Discrete, Mixture, Sparse, Uniform

X = np.linspace(-3, 3, 61)


@pytest.mark.parametrize(
    "name", ["sparse(0.25)", "sparse(0.5, normal)", "sparse(0.75, binary)", "sparse(0.9, uniform(0.5, 2))"]
)
def test_it_is_the_mixture_with_zero(name: str) -> None:
    law = laws.get(name)
    assert isinstance(law, Sparse)
    assert law.name == name
    mixture = Mixture(1 - law.p, Discrete((0.0,)), law.weights)
    np.testing.assert_allclose(law.cdf(X), mixture.cdf(X), rtol=1e-14)
    np.testing.assert_allclose(law.probability(X), mixture.probability(X), rtol=1e-14)
    assert [law.moment(k) for k in range(5)] == pytest.approx([mixture.moment(k) for k in range(5)])
    assert law.support == mixture.support
    assert law.contains_uniform(0.4) == pytest.approx(mixture.contains_uniform(0.4))
    with pytest.raises(TypeError, match="has no density"):
        law.density(X)
    with pytest.raises(ValueError, match="atom at 0"):
        law.sum_bounded()


def test_words_follow_the_law() -> None:
    """Share of edges and distribution of their weights in 100,000 words; false-alarm probability 1e-6 each for new words."""
    words = np.random.PCG64(7).random_raw(100_000)
    for p in (0.1, 0.5, 0.9):
        values = laws.get(f"sparse({p})").from_words(words)
        there = values[values != 0]
        assert stats.binomtest(there.size, values.size, p).pvalue > 1e-6
        assert stats.kstest(there, Uniform().cdf).pvalue > 1e-6
        assert stats.binomtest(there.size, values.size, 0.9 * p).pvalue < 1e-6  # negative control
    ends = laws.get("sparse(1e-300)").from_words(np.array([0, 2**64 - 1], np.uint64))
    assert (np.abs(ends) <= 1).all()


def test_all_edges() -> None:
    law = laws.get("sparse(1)")
    words = np.random.PCG64(1).random_raw(100)
    np.testing.assert_array_equal(law.from_words(words), Uniform().from_words(words))
    np.testing.assert_array_equal(law.density(X), Uniform().density(X))
    assert law.sum_bounded() == Uniform().sum_bounded()
    assert law.support == (-1, 1)


def test_sums_against_all_outcomes() -> None:
    """Of 0, -1 and 1 every sum can be listed; of uniform weights, three sums by hand."""
    law, k = laws.get("sparse(0.3, binary)"), 5
    outcomes = list(product((0, -1, 1), repeat=k))
    chances = [math.prod(0.7 if x == 0 else 0.15 for x in outcome) for outcome in outcomes]
    for x in (-5.0, -2.0, -0.5, 0.0, 1.0, 4.5):
        slow = math.fsum(c for c, outcome in zip(chances, outcomes, strict=True) if sum(outcome) <= x)
        assert law.cdf_of_sum(k, x) == pytest.approx(slow, rel=1e-12)
    uniform = laws.get("sparse(0.5)")
    np.testing.assert_allclose(uniform.cdf_of_sum(1, X), uniform.cdf(X), rtol=1e-14)
    # two edges, one or none: (x + 2)^2 / 8 on [-2, 0], (x + 1) / 2 on [-1, 1]
    assert uniform.cdf_of_sum(2, -0.5) == pytest.approx(0.25 * 1.5**2 / 8 + 0.5 * 0.25)
    assert uniform.cdf_of_sum(2, 0.0) == pytest.approx(0.25 * 0.5 + 0.5 * 0.5 + 0.25)


def test_explicit_bounds_know_it() -> None:
    """A density of p / 2 on [-1, 1]: one over p times as many samples, about."""
    constants = bounds.explicit_constants("sparse(0.5)")
    assert constants.a * constants.c == pytest.approx(0.5 * 0.25, rel=1e-6)


@pytest.mark.parametrize("wrong", ["sparse(0)", "sparse(1.5)", "sparse(-0.1)", "sparse()", "sparse(0.5, 0.5)"])
def test_misuse(wrong: str) -> None:
    with pytest.raises((ValueError, TypeError)):
        laws.get(wrong)


# --- tickets ----------------------------------------------------------------------------------------------------------

_RNG = np.random.default_rng(3)
TARGET = slth.Network.read([(0.3 * _RNG.uniform(-1, 1, (12, 10)), None), (0.3 * _RNG.uniform(-1, 1, (4, 12)), None)])


def errors(ticket: slth.Ticket) -> NDArray[np.float64]:
    """Of the positive halves of all weights."""
    pairs = zip(ticket.effective(), TARGET.linear, strict=True)
    return np.concatenate([np.abs(found.scale * found.positive - layer.matrix).ravel() for found, layer in pairs])


@pytest.mark.parametrize("law", ["sparse(0.5)", "sparse(0.2, normal)"])
def test_tickets_keep_edges_that_exist(law: str) -> None:
    ticket = slth.approximate(TARGET, 32, law=law, rng=0)
    missing = 0
    for layer in range(ticket.source.depth):
        weight = ticket.source.weight(layer)
        missing += int((weight == 0).sum())
        assert not (ticket.weight_mask(layer) & (weight == 0)).any()
        np.testing.assert_array_equal(ticket.network.layers[layer].weight, weight * ticket.weight_mask(layer))
    assert missing > 0.4 * ticket.size
    assert ticket.error(np.random.default_rng(1).uniform(-1, 1, (500, 10))) <= ticket.error_bound


@pytest.mark.parametrize("p", [0.8, 0.5])
def test_a_width_of_one_over_p_restores_the_typical_error(p: float) -> None:
    """Neurons without the edge to their own input serve others, so that 1 / p times the width leaves as many candidates on average.

    Logarithms of the median error, averaged over 6 seeds: from seed to seed they deviate by 0.3 to 0.6, the difference of two averages so
    by at most 0.35. A difference of 1.8 is five deviations, so for new seeds a false alarm of about 1e-6. Without more width it is 3.8.
    """

    def typical(width: int, law: str) -> float:
        found = [np.log(np.median(errors(slth.approximate(TARGET, width, law=law, rng=seed)))) for seed in range(6)]
        return float(np.mean(found))

    dense = typical(24, "uniform")
    assert abs(typical(round(24 / p), f"sparse({p})") - dense) < 1.8
    if p == 0.5:  # negative control: the width as it was
        assert typical(24, f"sparse({p})") > dense + 2.4


def test_as_many_edges_as_the_binomial_bound_asks_for_restore_the_worst_error() -> None:
    """`er_samples` leaves all weights their candidates; 1 / p alone does not, the worst weight has fewer by chance.

    Averages over 4 seeds of the logarithm of the worst error, 2.5 and 1.0 apart; single ones deviate by 1.6 and 0.6, so that for new seeds
    about one in 1,000 or 100 would contradict. The seeds are fixed.
    """
    wide = 2 * bounds.er_samples(10, 0.5, 1 / 300)

    def worst(width: int, law: str) -> float:
        return float(np.mean([np.log(slth.approximate(TARGET, width, law=law, rng=s).weight_error) for s in range(4)]))

    dense = worst(20, "uniform")
    assert worst(wide, "sparse(0.5)") < dense
    assert worst(40, "sparse(0.5)") > dense
