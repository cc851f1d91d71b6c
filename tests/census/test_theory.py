"""The lines of theory: that they are what they say, and lie where they must."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

import slth
from slth import subset_sum
from slth.census import ensemble, of_construction, theory
from slth.census.answer import exact_census
from slth.census.product import expected
from tests.census.exact_cases import network


def small(seed: int = 1) -> slth.census.Census:
    return slth.count_subnetworks(
        network([2, 2, 1], seed), network([2, 1, 1], 2), 0.6, inputs=[[-1.0, 0.5], [0.25, 1.0]]
    )


def test_the_entropy_bound_is_above_the_ceiling() -> None:
    found = small()
    lines = theory(found)
    bound = lines.curves["entropy: m H(s/m)"]
    assert (bound >= found.log2_all - 1e-9).all()
    assert (bound - found.log2_all <= math.log2(found.parameters + 1) + 1e-9).all()
    assert (found.log2_by_size <= found.log2_all + 1e-9).all()
    assert lines.thresholds == {}


def test_an_ensemble_is_put_beside() -> None:
    sources = ensemble(lambda seed: small(seed % 1000), 4, rng=0)
    found = small()
    curves = theory(found, sources).curves
    annealed = curves["annealed, 4 sources"]
    some = np.isfinite(sources.annealed)
    assert annealed[some] == pytest.approx(sources.annealed[some])
    quenched = curves["quenched, 4 sources"]
    both = np.isfinite(quenched)
    assert (quenched[both] <= annealed[both] + 1e-12).all()


def test_nothing_to_say_of_nothing() -> None:
    empty = exact_census(np.empty(0, np.uint64), np.empty(0, np.int64), 100, 0.1, "product")
    assert theory(empty).curves == {}


def test_first_moment_of_one_weight() -> None:
    """Mean numbers over 4,000 draws of the second layer against the formula, sizes 3 and above (below, a sum is far from normal).

    Within 5 standard errors and 5 %: a false alarm has probability below 10 * 6e-7 even if the formula were exact.
    """
    rng, draws, n, z, tau = np.random.default_rng(0), 4000, 12, 0.3, 0.05
    gains = rng.uniform(0.2, 1.0, n)
    samples = rng.uniform(-1, 1, (draws, n)) * gains
    numbers = subset_sum.count(samples, z, tau).by_size.astype(float)
    predicted = np.exp(expected._log_expected(n, z, tau, float((gains**2).mean()) / 3))
    errors = numbers.std(axis=0, ddof=1) / math.sqrt(draws)
    off = np.abs(numbers.mean(axis=0) - predicted)
    assert (off <= 5 * errors + 0.05 * predicted)[3:].all()
    assert off[0] == 0  # the empty sum is further away than tau
    wrong = np.exp(expected._log_expected(n, z, 2 * tau, float((gains**2).mean()) / 3))
    assert not (np.abs(numbers.mean(axis=0) - wrong) <= 5 * errors + 0.05 * wrong)[3:].any()  # negative control


def test_far_tails_do_not_vanish() -> None:
    """Where the probability underflows its logarithm does not."""
    logs = expected._log_expected(4, 100.0, 0.01, 0.1)
    assert logs[0] == -math.inf
    assert np.isfinite(logs[1:]).all()
    assert logs[1] < -1e4


def test_the_saddle_point_is_the_product() -> None:
    """Coefficients of a product of 60 polynomials of two kinds, multiplied out: within 0.01 bits."""
    table = np.log(np.array([[1.0, 3.0, 5.0, 2.0], [0.5, 4.0, 1.0, 0.1]]))
    counts = np.array([40.0, 20.0])
    product = np.ones(1)
    for row, many in zip(np.exp(table), counts, strict=True):
        for _ in range(int(many)):
            product = np.convolve(product, row)
    sizes, logs = expected._product(table, counts)
    inner = (sizes > 20) & (sizes < 160)
    assert inner.sum() > 20
    assert logs[inner] == pytest.approx(np.interp(sizes, np.arange(product.size), np.log2(product))[inner], abs=0.02)


def test_first_moment_of_a_construction() -> None:
    """At the mode of the predictor the census of each of 8 random networks is within 5 % of it in log2, and on average below it (annealed
    against quenched). Seeded, and so without false alarms.
    """
    rng = np.random.default_rng(0)
    target = slth.Network.read([(rng.uniform(-0.5, 0.5, (4, 5)), None)])
    gaps = []
    for seed in range(8):
        found = of_construction(target, 40, 0.5, rng=seed)
        line = found.diagnostics["expected"]
        at = int(line.log2.argmax())
        here = float(np.interp(line.sizes[at], found.sizes, found.log2_by_size))
        assert abs(here - line.log2[at]) < 0.05 * here
        gaps.append(line.log2[at] - here)
    assert np.mean(gaps) > 0


def test_thresholds_of_a_construction() -> None:
    rng = np.random.default_rng(1)
    target = slth.Network.read([(rng.uniform(-0.5, 0.5, (4, 5)), None)])
    found = of_construction(target, 40, 0.5, rng=1)
    lines = theory(found)
    assert set(lines.thresholds) == {
        "first moment of every weight reaches 1",
        "Mertens, Borgs et al.: half the critical candidates",
        "counting: below, not for all targets",
    }
    assert lines.thresholds["Mertens, Borgs et al.: half the critical candidates"] <= found.sizes[-1]
    reached = lines.thresholds["first moment of every weight reaches 1"]
    assert found.diagnostics["always_kept"] <= reached <= found.sizes[-1]
    bits, m = found.diagnostics["expected"].bits, found.parameters
    at = int(lines.thresholds["counting: below, not for all targets"])
    assert math.log2(math.comb(m, at)) >= bits - 1e-9
    assert math.log2(math.comb(m, at - 1)) < bits
    curve = lines.curves["first moment (predictor)"]
    assert curve.shape == found.sizes.shape
    assert np.isfinite(curve).any()


def test_counting_bits() -> None:
    """Of a target of one layer: log2 of (largest weight over the tolerance) for each weight."""
    target = slth.Network.read([([[0.5, -0.25], [0.1, 0.3]], None)])
    found = of_construction(target, 40, 0.5, rng=0)
    (tau,) = found.diagnostics["tolerances"]
    assert found.diagnostics["expected"].bits == pytest.approx(4 * math.log2(0.5 / tau))


def test_a_wider_source_is_expected_to_have_more() -> None:
    target = slth.Network.read([([[0.5, -0.25], [0.1, 0.3]], None)])
    peaks = [
        float(of_construction(target, width, 0.5, rng=0).diagnostics["expected"].log2.max()) for width in (30, 40, 50)
    ]
    assert all(a < b for a, b in itertools.pairwise(peaks))


def test_the_critical_number_of_candidates() -> None:
    """sum_k C(m, k) p_k for one weight, by hand: the first m with which it reaches 1."""
    n = 12
    near = np.log(np.array([0.0, *(0.01 * (k + 1) for k in range(n))]).clip(1e-300))
    logs = near + np.log([math.comb(n, k) for k in range(n + 1)])
    by_hand = next(m for m in range(n + 1) if sum(math.comb(m, k) * math.exp(near[k]) for k in range(m + 1)) >= 1)
    assert expected._critical(logs) == by_hand
    assert expected._critical(np.full(5, -np.inf)) == math.inf
